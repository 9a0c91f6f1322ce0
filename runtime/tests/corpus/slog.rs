//! As `slog::Drain`: associated types for results, adaptors for sized drains, impls
//! for pointers, and objects with three auto traits.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[derive(Debug)]
struct Record<'a> {
    text: &'a str,
    level: u8,
}

#[derive(Debug, Clone, PartialEq)]
struct Pairs(Vec<(&'static str, u64)>);

#[static_dispatch(targets = 2, object = FastDrain, auto = [UnwindSafe, RefUnwindSafe])]
trait Drain {
    type Ok;
    type Err;

    fn log(&self, record: &Record, values: &Pairs) -> Result<Self::Ok, Self::Err>;
    #[inline]
    fn is_enabled(&self, level: u8) -> bool {
        level < 4
    }
    fn map<F, R>(self, f: F) -> R
    where
        Self: Sized,
        F: FnOnce(Self) -> R,
    {
        f(self)
    }
    fn fuse(self) -> Fused<Self>
    where
        Self::Err: std::fmt::Debug,
        Self: Sized,
    {
        Fused(self)
    }
}

impl<D: Drain + ?Sized> Drain for Arc<D> {
    type Ok = D::Ok;
    type Err = D::Err;
    fn log(&self, record: &Record, values: &Pairs) -> Result<Self::Ok, Self::Err> {
        (**self).log(record, values)
    }
    fn is_enabled(&self, level: u8) -> bool {
        (**self).is_enabled(level)
    }
}

struct Fused<D: Drain>(D);

impl<D: Drain> Drain for Fused<D>
where
    D::Err: std::fmt::Debug,
{
    type Ok = D::Ok;
    type Err = std::convert::Infallible;
    fn log(&self, record: &Record, values: &Pairs) -> Result<D::Ok, Self::Err> {
        Ok(self.0.log(record, values).expect("the drain is fused"))
    }
}

struct Lines;

impl Drain for Lines {
    type Ok = String;
    type Err = u8;
    fn log(&self, record: &Record, values: &Pairs) -> Result<String, u8> {
        if record.level == 0 {
            return Err(0);
        }
        Ok(format!("{} {values:?}", record.text))
    }
}

type Plain = dyn Drain<Ok = String, Err = u8> + Send + Sync + UnwindSafe + RefUnwindSafe;
type Fast = dyn FastDrain<Ok = String, Err = u8> + Send + Sync + UnwindSafe + RefUnwindSafe;

#[test]
fn a_drain() {
    let plain: Arc<Plain> = Arc::new(Lines);
    let fast: Arc<Fast> = Arc::new(Lines);
    let values = Pairs(vec![("key", 7)]);
    in_every_state(file!(), "log", || {
        for level in 0..2 {
            let record = Record {
                text: "line",
                level,
            };
            let expected = Drain::log(&*plain, &record, &values);
            // The pointer's own impl comes first in method-call syntax.
            assert_eq!(static_call!((*plain).log(&record, &values)), expected);
            assert_eq!((*fast).log(&record, &values), expected);
            assert_eq!(fast.log(&record, &values), expected);
        }
    });
    let fused = Arc::clone(&fast).fuse();
    let record = Record {
        text: "line",
        level: 1,
    };
    assert_eq!(
        fused.log(&record, &values),
        Ok("line Pairs([(\"key\", 7)])".to_owned())
    );
    assert!(Lines.map(|lines| lines.is_enabled(3)) && fast.is_enabled(3));
}

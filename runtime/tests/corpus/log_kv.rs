//! As `log::kv::{Source, VisitSource}`: lifetimes of the method on the receiver, and
//! a visitor with one of its own; objects that call objects.

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Key<'k>(&'k str);
#[derive(Debug, Clone, Copy, PartialEq)]
struct Value<'v>(&'v str);
#[derive(Debug, PartialEq)]
struct Full;

#[static_dispatch(targets = 2, object = FastVisitSource)]
trait VisitSource<'kvs> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Full>;
}

#[static_dispatch(targets = 2, object = FastSource)]
trait Source {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Full>;
    fn get(&self, key: Key) -> Option<Value<'_>> {
        get_default(self, key)
    }
    fn count(&self) -> usize {
        let mut found = Vec::new();
        let _ = self.visit(&mut found);
        found.len()
    }
}

fn get_default<'v>(source: &'v (impl Source + ?Sized), key: Key) -> Option<Value<'v>> {
    struct Get<'k, 'v>(Key<'k>, Option<Value<'v>>);
    impl<'kvs> VisitSource<'kvs> for Get<'_, 'kvs> {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Full> {
            if self.0 == key {
                self.1 = Some(value);
            }
            Ok(())
        }
    }
    let mut get = Get(key, None);
    source.visit(&mut get).ok()?;
    get.1
}

impl<'kvs> VisitSource<'kvs> for Vec<(Key<'kvs>, Value<'kvs>)> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Full> {
        if self.len() == 2 {
            return Err(Full);
        }
        self.push((key, value));
        Ok(())
    }
}

impl<T: Source + ?Sized> Source for &T {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Full> {
        Source::visit(&**self, visitor)
    }
}

impl Source for [(&str, String)] {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Full> {
        for (key, value) in self {
            static_call!(visitor.visit_pair(Key(key), Value(value)))?;
        }
        Ok(())
    }
}

struct Pairs(Vec<(&'static str, String)>);

impl Source for Pairs {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Full> {
        self.0[..].visit(visitor)
    }
}

#[test]
fn a_source() {
    let pairs = Pairs(vec![("a", "1".to_owned()), ("b", "2".to_owned())]);
    let plain: &dyn Source = &pairs;
    let fast: &dyn FastSource = &pairs;
    in_every_state(file!(), "visit", || {
        let [mut plainly, mut by_site, mut by_object] = [const { Vec::new() }; 3];
        plain.visit(&mut plainly).expect("there is room");
        static_call!(plain.visit(&mut by_site)).expect("there is room");
        fast.visit(&mut by_object).expect("there is room");
        assert_eq!(by_site, plainly);
        assert_eq!(by_object, plainly);
        assert_eq!(static_call!(plain.visit(&mut by_site)), Err(Full));
    });
    in_every_state(file!(), "get", || {
        let name = String::from("b");
        assert_eq!(static_call!(plain.get(Key(&name))), Some(Value("2")));
        assert_eq!(fast.get(Key(&name)), Some(Value("2")));
    });
    assert_eq!((plain.count(), fast.count(), (&pairs).count()), (2, 2, 2));
    let mut found = Vec::new();
    let visitor: &mut dyn FastVisitSource<'_> = &mut found;
    assert_eq!(visitor.visit_pair(Key("k"), Value("v")), Ok(()));
    assert_eq!(found, [(Key("k"), Value("v"))]);
}

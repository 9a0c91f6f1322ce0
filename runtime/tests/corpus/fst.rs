//! As `fst::Streamer`: a lifetime parameter that bounds an associated type, which the
//! one method lends.

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[static_dispatch(targets = 2, object = FastStreamer)]
trait Streamer<'a> {
    type Item: 'a;
    fn next(&'a mut self) -> Option<Self::Item>;
}

struct Bytes {
    all: Vec<u8>,
    at: usize,
}

impl<'a> Streamer<'a> for Bytes {
    type Item = (&'a [u8], u64);
    fn next(&'a mut self) -> Option<(&'a [u8], u64)> {
        let from = self.at;
        self.at += 1;
        let key = self.all.get(from..self.at)?;
        Some((key, from as u64))
    }
}

fn all_plainly<S>(mut streamer: S) -> Vec<(Vec<u8>, u64)>
where
    S: for<'a> Streamer<'a, Item = (&'a [u8], u64)>,
{
    let mut all = Vec::new();
    while let Some((key, value)) = streamer.next() {
        all.push((key.to_vec(), value));
    }
    all
}

#[test]
fn a_streamer() {
    let make = || Bytes {
        all: vec![3, 1, 4],
        at: 0,
    };
    in_every_state(file!(), "next", || {
        let expected = all_plainly(make());
        let mut boxed = make();
        for expected in &expected {
            let object: &mut dyn Streamer<'_, Item = (&[u8], u64)> = &mut boxed;
            let (key, value) = static_call!(object.next()).expect("as many as plainly");
            assert_eq!((key.to_vec(), value), *expected);
        }
        let mut boxed = make();
        for expected in &expected {
            let object: &mut dyn FastStreamer<'_, Item = (&[u8], u64)> = &mut boxed;
            let (key, value) = object.next().expect("as many as plainly");
            assert_eq!((key.to_vec(), value), *expected);
        }
    });
}

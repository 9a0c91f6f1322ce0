//! As `digest::DynDigest`: a blanket impl makes it, methods that consume, and results
//! that go into slices.

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[derive(Debug, PartialEq)]
struct InvalidBufferSize;

#[static_dispatch(targets = 2, object = FastDigest)]
trait DynDigest {
    fn update(&mut self, data: &[u8]);
    #[cfg(all())]
    fn finalize_reset(&mut self) -> Box<[u8]> {
        let mut result = vec![0; self.output_size()];
        self.finalize_into_reset(&mut result)
            .expect("the buffer has the size");
        result.into_boxed_slice()
    }
    #[static_dispatch(skip)]
    fn finalize(mut self: Box<Self>) -> Box<[u8]> {
        self.finalize_reset()
    }
    fn finalize_into(self, buf: &mut [u8]) -> Result<(), InvalidBufferSize>
    where
        Self: Sized;
    fn finalize_into_reset(&mut self, out: &mut [u8]) -> Result<(), InvalidBufferSize>;
    fn reset(&mut self);
    fn output_size(&self) -> usize;
    #[static_dispatch(skip)]
    fn box_clone(&self) -> Box<dyn DynDigest>;
}

trait Update {
    fn sum(&mut self) -> &mut u16;
}

impl<D: Update + Default + Clone + 'static> DynDigest for D {
    fn update(&mut self, data: &[u8]) {
        for byte in data {
            *self.sum() = self.sum().wrapping_mul(31).wrapping_add((*byte).into());
        }
    }
    fn finalize_into(mut self, buf: &mut [u8]) -> Result<(), InvalidBufferSize> {
        self.finalize_into_reset(buf)
    }
    fn finalize_into_reset(&mut self, out: &mut [u8]) -> Result<(), InvalidBufferSize> {
        let out: &mut [u8; 2] = out.try_into().map_err(|_| InvalidBufferSize)?;
        *out = self.sum().to_be_bytes();
        self.reset();
        Ok(())
    }
    fn reset(&mut self) {
        *self = Self::default();
    }
    fn output_size(&self) -> usize {
        2
    }
    fn box_clone(&self) -> Box<dyn DynDigest> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn DynDigest> {
    fn clone(&self) -> Self {
        self.box_clone()
    }
}

#[derive(Clone, Default)]
struct Sum(u16);

impl Update for Sum {
    fn sum(&mut self) -> &mut u16 {
        &mut self.0
    }
}

#[test]
fn a_digest() {
    let mut plain: Box<dyn DynDigest> = Box::new(Sum(0));
    let mut by_site = plain.clone();
    let mut fast: Box<dyn FastDigest> = Box::new(Sum(0));
    in_every_state(file!(), "update", || {
        plain.update(b"some data");
        static_call!(by_site.update(b"some data"));
        fast.update(b"some data");
    });
    in_every_state(file!(), "finalize_reset", || {
        plain.update(b"more");
        by_site.update(b"more");
        fast.update(b"more");
        let expected = plain.finalize_reset();
        assert_eq!(static_call!(by_site.finalize_reset()), expected);
        assert_eq!(fast.finalize_reset(), expected);
    });
    assert_eq!(
        static_call!(by_site.finalize_into_reset(&mut [0])),
        Err(InvalidBufferSize)
    );
    assert_eq!(Sum(0x0102).finalize_into(&mut [0; 2]), Ok(()));
    fast.update(b"last");
    plain.update(b"last");
    assert_eq!(fast.box_clone().finalize(), fast.finalize());
    assert_ne!(plain.finalize(), [0; 2].into());
}

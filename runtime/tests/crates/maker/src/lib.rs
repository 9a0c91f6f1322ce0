//! Makes objects of a type that other crates make objects of, too.

/// Measures.
#[static_call::static_dispatch(targets = 2)]
pub trait Measure {
    /// One measurement.
    fn measure(&self, by: u32) -> u32;
}

/// One type.
pub struct Meter(pub u32);

impl Measure for Meter {
    fn measure(&self, by: u32) -> u32 {
        self.0 * by
    }
}

/// An object with this crate's vtable.
#[inline(never)]
pub fn make(meter: Meter) -> Box<dyn Measure> {
    Box::new(meter)
}

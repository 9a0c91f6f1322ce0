//! Knows the library only as another crate's re-export.
#![deny(warnings, missing_docs)]
#![forbid(unsafe_code)]

use facade::calls::{self, static_call, static_dispatch};

/// Measures.
#[static_dispatch(targets = 1, unsafe(crate = facade::calls))]
pub trait Measure {
    /// One measurement.
    fn measure(&self, by: &str) -> Option<usize>;
}

#[static_dispatch(unsafe(crate = calls))]
impl Measure for u8 {
    fn measure(&self, by: &str) -> Option<usize> {
        by.len().checked_sub(usize::from(*self))
    }
}

/// Measures through sites.
pub fn hot(measure: &dyn Measure) -> Option<usize> {
    static_call!(measure.measure("text")).or_else(|| calls::static_call!(measure.measure("t")))
}

/// Measures through a guard, and in a region.
pub fn listed(measure: &(dyn Measure + 'static)) -> Option<usize> {
    let first = static_call!(measure.measure("text"), inline = [u8])?;
    let second = calls::specialize!(measure: [u8] in { measure.measure("text")? });
    Some(first + second)
}

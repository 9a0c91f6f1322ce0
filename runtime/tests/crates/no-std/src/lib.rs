//! Without the standard library: calls are plain, regions are real.
#![no_std]
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]

#[cfg(test)]
mod tests;

use static_call::{specialize, static_call, static_dispatch};

/// Measures.
#[static_dispatch(targets = 4, object = FastMeasure)]
pub trait Measure {
    /// One measurement.
    fn measure(&mut self, by: &str) -> Option<usize>;
    /// Another.
    #[static_dispatch(targets = 1, inline = [u8])]
    fn again(&self) -> usize;
    /// Never.
    #[static_dispatch(skip)]
    fn never(&self) {}
}

#[static_dispatch]
impl Measure for u8 {
    fn measure(&mut self, by: &str) -> Option<usize> {
        by.len().checked_sub(usize::from(*self))
    }
    fn again(&self) -> usize {
        usize::from(*self)
    }
}

/// Measures by plain calls, also of what is no trait object.
pub fn hot(measure: &mut dyn Measure, mut sized: u8) -> Option<usize> {
    let again = static_call!(measure.again(), inline = [u8]);
    Some(static_call!(measure.measure("text"))? + again + static_call!(sized.measure("text"))?)
}

/// The same through objects that would dispatch.
pub fn plain(measure: &mut (dyn FastMeasure + Send)) -> Option<usize> {
    measure.never();
    Some(measure.measure("text")? + measure.again())
}

/// Measures by one test.
pub fn region(measure: &mut dyn Measure, times: usize) -> Option<usize> {
    let mut sum = 0;
    specialize!(measure: [u8] in {
        for _ in 0..times {
            sum += measure.measure("text")? + static_call!(measure.again());
        }
    });
    Some(sum + specialize!(again = &*measure: [u8] in { again.again() }))
}

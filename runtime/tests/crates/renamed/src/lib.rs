//! The dependency has another name here.
#![deny(warnings, missing_docs)]
#![forbid(unsafe_code)]

/// Measures.
#[calls::static_dispatch(crate = ::calls)]
pub trait Measure {
    /// One measurement.
    #[static_dispatch(targets = 1)]
    fn measure(&self, by: &str) -> Option<usize>;
}

#[calls::static_dispatch(crate = ::calls)]
impl Measure for u8 {
    fn measure(&self, by: &str) -> Option<usize> {
        by.len().checked_sub(usize::from(*self))
    }
}

/// Measures through a site.
pub fn hot(measure: &dyn Measure) -> Option<usize> {
    calls::static_call!(measure.measure("text"))
}

/// Measures through a guard, and in a region.
pub fn listed(measure: &(dyn Measure + 'static)) -> Option<usize> {
    let first = calls::static_call!(measure.measure("text"), inline = [u8])?;
    let second = calls::specialize!(measure: [u8] in {
        measure.measure("text")? + calls::static_call!(measure.measure("text"))?
    });
    Some(first + second)
}

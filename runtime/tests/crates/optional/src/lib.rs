//! A library whose users choose whether its calls are sites: `docs/guide.md` shows this.
#![deny(warnings, missing_docs)]
#![forbid(unsafe_code)]

#[cfg(feature = "fast")]
use static_call::{static_call, static_dispatch};

/// Without the dependency: the plain call.
#[cfg(not(feature = "fast"))]
macro_rules! static_call {
    ($call:expr $(, inline = [$($ty:ty),+ $(,)?])? $(,)?) => {
        $call
    };
}

/// Measures.
#[cfg_attr(feature = "fast", static_dispatch)]
pub trait Measure {
    /// One measurement.
    #[cfg_attr(feature = "fast", static_dispatch(targets = 4, inline = [u8]))]
    fn measure(&mut self, by: &str) -> Option<usize>;
    /// Another, of which objects differ by another condition.
    #[cfg_attr(all(feature = "fast", not(any())), static_dispatch, must_use)]
    fn again(&self) -> usize;
    /// Two conditions at once.
    #[cfg_attr(all(), cfg_attr(feature = "fast", static_dispatch(skip)), deprecated)]
    fn old(&self) {}
    /// Never there.
    #[cfg_attr(all(), cfg(any()))]
    #[cfg_attr(feature = "fast", static_dispatch)]
    fn absent(&self);
    /// Left alone.
    #[cfg_attr(any(), track_caller)]
    fn name(&self) -> &str {
        "measure"
    }
}

#[cfg_attr(feature = "fast", static_dispatch)]
impl Measure for u8 {
    fn measure(&mut self, by: &str) -> Option<usize> {
        by.len().checked_sub(usize::from(*self))
    }
    fn again(&self) -> usize {
        usize::from(*self)
    }
}

/// Measures through sites, or plainly.
pub fn hot(measure: &mut dyn Measure) -> Option<usize> {
    let first = static_call!(measure.measure("text"))?;
    static_call!(measure.measure("text"), inline = [u8]).map(|second| first + second)
}

//! Without the standard library: calls are plain, regions are real.
#![no_std]
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]

#[cfg(test)]
mod tests;

use static_call::{specialize, static_call, static_dispatch};

/// What is listed.
pub mod listed {
    use crate::Measure;
    use static_call::static_dispatch;

    macro_rules! types {
        ($($name:ident),*) => { $(
            /// Measures.
            pub struct $name;

            #[static_dispatch]
            impl Measure for $name {
                fn measure(&mut self, by: &str) -> Option<usize> {
                    Some(by.len())
                }
                fn again(&self) -> usize {
                    1
                }
            }
        )* };
    }

    types!(OfTheMethod, OfTheCall, OfTheRegion, OfTheStatement);
}

// Each is used in one list only, which is dropped.
use listed::{OfTheCall, OfTheMethod, OfTheRegion, OfTheStatement};

/// Measures.
#[static_dispatch(targets = 4, object = FastMeasure)]
pub trait Measure {
    /// One measurement.
    fn measure(&mut self, by: &str) -> Option<usize>;
    /// Another.
    #[static_dispatch(targets = 1, inline = [u8, OfTheMethod])]
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
    let again = static_call!(measure.again(), inline = [u8, OfTheCall]);
    let borrowed: &usize = &static_call!(sized.clone().again(), inline = [OfTheStatement]);
    let again = again + borrowed;
    static_call!(measure.never(), inline = [OfTheStatement]);
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
    specialize!(measure: [u8, OfTheRegion] in {
        for _ in 0..times {
            sum += measure.measure("text")? + static_call!(measure.again());
        }
    });
    Some(sum + specialize!(again = &*measure: [u8] in { again.again() }))
}

/// Knows the library by another name.
pub mod elsewhere {
    use static_call as of_the_trait;
    use static_call as of_the_impl;
    use static_call::static_dispatch;

    /// Weighs.
    #[static_dispatch(unsafe(crate = of_the_trait))]
    pub trait Weigh {
        /// One weight.
        #[static_dispatch]
        fn weigh(&self) -> u8;
    }

    #[static_dispatch(unsafe(crate = of_the_impl))]
    impl Weigh for u8 {
        fn weigh(&self) -> u8 {
            *self
        }
    }
}

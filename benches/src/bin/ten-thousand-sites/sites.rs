//! The sites: four nested tables of ten.

use static_call::static_call;
use static_call_benches::body::{Body, Call};

macro_rules! site {
    () => {{
        fn call(body: &dyn Body, x: u64) -> u64 {
            static_call!(body.step(x))
        }
        call as Call
    }};
}

macro_rules! ten {
    ($one:ident) => {
        [
            $one!(),
            $one!(),
            $one!(),
            $one!(),
            $one!(),
            $one!(),
            $one!(),
            $one!(),
            $one!(),
            $one!(),
        ]
    };
}

macro_rules! hundred {
    () => {
        ten!(ten_sites)
    };
}

macro_rules! ten_sites {
    () => {
        ten!(site)
    };
}

macro_rules! thousand {
    () => {
        ten!(hundred)
    };
}

/// A module for each thousand, so that the compiler can work on them in parallel.
macro_rules! thousands {
    ($($name:ident)*) => {
        $(mod $name {
            use super::{Body, Call, static_call};
            pub(super) static SITES: [[[Call; 10]; 10]; 10] = thousand!();
        })*
        /// Every site.
        pub(crate) fn all() -> Vec<Call> {
            let thousands = [$(&$name::SITES),*];
            thousands.into_iter().flatten().flatten().flatten().copied().collect()
        }
    };
}

thousands! { first second third fourth fifth sixth seventh eighth ninth tenth }

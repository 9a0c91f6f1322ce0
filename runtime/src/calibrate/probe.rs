//! A trait, two types and a few call sites to measure chains on: made by the
//! same macros as everybody's.

use crate::static_dispatch;

#[static_dispatch(crate = crate)]
pub(super) trait Probe {
    /// One multiplication: the hardest case, since the call is all there is.
    #[static_dispatch(targets = 2)]
    fn step(&self, x: u64) -> u64;
}

/// Eight types, each with code of its own.
pub(super) struct Kind<const N: u64>(pub(super) u64);

impl<const N: u64> Probe for Kind<N> {
    fn step(&self, x: u64) -> u64 {
        x.wrapping_mul(self.0 + N)
    }
}

/// Copies of the measured code, at as many places, each with a site of its own that
/// is in no slice and so in no report.
macro_rules! copies {
    ($($copy:ident),*) => {
        $(mod $copy {
            use super::Probe;
            use crate::site::{CallSite, DispatchedMethod, Gate, Site};

            static SITE: Site = Site::new(&"step", file!(), line!(), column!());

            struct At;

            impl CallSite for At {
                fn site() -> &'static Site {
                    &SITE
                }
            }

            crate::trampoline! { At }

            #[inline(always)]
            fn gate<M: DispatchedMethod>() -> Gate<At, M> {
                Gate::new(&SITE, __trampoline::<M>)
            }

            #[inline(never)]
            fn plain(objects: &[&dyn Probe]) -> u64 {
                // Names the copy, so that LLVM does not merge them into one.
                let start = std::hint::black_box(core::ptr::from_ref(&SITE)).addr() as u64;
                objects.iter().fold(start, |x, object| object.step(x))
            }

            #[inline(never)]
            fn through_site(objects: &[&dyn Probe]) -> u64 {
                let start = std::hint::black_box(core::ptr::from_ref(&SITE)).addr() as u64;
                objects.iter().fold(start, |x, object| {
                    object.step__needs_static_dispatch_on_its_declaration_and_a_dyn_receiver(
                        gate(),
                        x,
                    )
                })
            }

            pub(super) const COPY: super::Copy = super::Copy {
                plain,
                through_site,
                site: &SITE,
            };
        })*

        /// All of them.
        pub(super) const COPIES: [Copy; [$(stringify!($copy)),*].len()] = [$($copy::COPY),*];
    };
}

/// One copy: a loop of plain calls, the same through a site, and the site.
pub(super) struct Copy {
    pub(super) plain: Loop,
    pub(super) through_site: Loop,
    pub(super) site: &'static crate::site::Site,
}

/// A measured loop.
pub(super) type Loop = fn(&[&dyn Probe]) -> u64;

copies!(first, second, third, fourth);

//! A trait, two types and a few call sites to measure chains on: made by the
//! same macros as everybody's.

use crate::site::Site;
use crate::static_dispatch;

#[static_dispatch(unsafe(crate = crate))]
pub(super) trait Probe {
    /// One multiplication: the hardest case, since the call is all there is.
    #[static_dispatch(targets = 2)]
    fn step(&self, x: u64) -> u64;
}

/// Four types, each with code of its own.
pub(super) struct Kind<const N: u64>(pub(super) u64);

impl<const N: u64> Probe for Kind<N> {
    fn step(&self, x: u64) -> u64 {
        // Each `N` bytes long. A Zen 4 tells targets apart by where in their line they
        // return from, and types whose bodies are alike in that look to it like one: of
        // plain calls in turns it then foresaw none. Real bodies differ.
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        // SAFETY: an instruction or two that do nothing.
        unsafe {
            core::arch::asm!(".nops {length}", length = const N, options(nomem, nostack, preserves_flags));
        }
        x.wrapping_mul(self.0 + N)
    }
}

/// Copies of the measured code, at as many places, each with sites of its own that
/// are in no slice and so in no report.
macro_rules! copies {
    ($($copy:ident),*) => {
        $(mod $copy {
            use super::{Kind, Probe};
            use crate::site::ListOfMethod;

            #[inline(never)]
            fn plain(objects: &[&dyn Probe]) -> u64 {
                // Names the copy, so that LLVM does not merge them into one.
                let start = std::hint::black_box(core::ptr::from_ref(&chained::SITE)).addr() as u64;
                objects.iter().fold(start, |x, object| object.step(x))
            }

            through_site!(chained, ListOfMethod);
            through_site!(guarded_by_two, (Kind<3>, (Kind<1>, ())));
            through_site!(guarded_by_four, (Kind<7>, (Kind<5>, (Kind<3>, (Kind<1>, ())))));

            pub(super) const COPY: super::Copy = super::Copy {
                plain,
                chained: chained::THIS,
                guarded_by_two: guarded_by_two::THIS,
                guarded_by_four: guarded_by_four::THIS,
            };
        })*

        /// All of them.
        pub(super) const COPIES: [Copy; [$(stringify!($copy)),*].len()] = [$($copy::COPY),*];
    };
}

/// A loop of calls through a site with this list.
macro_rules! through_site {
    ($name:ident, $list:ty) => {
        mod $name {
            #[allow(unused_imports, reason = "not every list names types")]
            use super::{Kind, ListOfMethod, Probe};
            use crate::site::{CallSite, DispatchedMethod, Gate, Keys, Place, Site};

            pub(super) static SITE: Site =
                Site::new(&Place::new("step", file!(), line!(), column!()));
            static KEYS: Keys = Keys::new();

            struct At;

            // SAFETY: the static and the keys above are this site's own.
            unsafe impl CallSite for At {
                type Inline = $list;

                #[inline(always)]
                fn site() -> &'static Site {
                    &SITE
                }

                fn keys() -> &'static Keys {
                    &KEYS
                }
            }

            crate::trampoline! { At }

            #[inline(always)]
            fn gate<M: DispatchedMethod>() -> Gate<At, M> {
                // SAFETY: `trampoline!` above made it for `At`, and it is used with that alone.
                Gate::new(__trampoline::<M>, unsafe { crate::site::Own::new() })
            }

            #[inline(never)]
            fn run(objects: &[&dyn Probe]) -> u64 {
                let start = std::hint::black_box(core::ptr::from_ref(&SITE)).addr() as u64;
                objects.iter().fold(start, |x, object| {
                    object.step__needs_dyn_static_dispatch((gate(), x))
                })
            }

            pub(super) const THIS: super::super::ThroughSite =
                super::super::ThroughSite { run, site: &SITE };
        }
    };
}

/// One copy: a loop of plain calls, and the same through sites.
pub(super) struct Copy {
    pub(super) plain: Loop,
    pub(super) chained: ThroughSite,
    pub(super) guarded_by_two: ThroughSite,
    pub(super) guarded_by_four: ThroughSite,
}

impl Copy {
    pub(super) fn sites(&self) -> [&'static Site; 3] {
        [
            self.chained.site,
            self.guarded_by_two.site,
            self.guarded_by_four.site,
        ]
    }
}

/// A loop of calls through a site.
pub(super) struct ThroughSite {
    pub(super) run: Loop,
    pub(super) site: &'static Site,
}

/// A measured loop.
pub(super) type Loop = fn(&[&dyn Probe]) -> u64;

copies!(first, second, third, fourth);

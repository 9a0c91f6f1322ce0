//! A trait, two types and a few call sites to measure chains on: made by the
//! same macros as everybody's.

use crate::site::{CallSite, Site};
use crate::static_dispatch;

#[static_dispatch(crate = crate)]
pub(super) trait Probe {
    /// One multiplication: the hardest case, since the call is all there is.
    #[static_dispatch(targets = 2)]
    fn step(&self, x: u64) -> u64;
}

pub(super) struct Often(pub(super) u64);
pub(super) struct Seldom(pub(super) u64);

impl Probe for Often {
    fn step(&self, x: u64) -> u64 {
        x.wrapping_mul(self.0)
    }
}

impl Probe for Seldom {
    fn step(&self, x: u64) -> u64 {
        x.wrapping_add(self.0)
    }
}

/// Copies of the measured code, at as many places.
pub(super) const COPIES: usize = 4;

/// Sites of their own, which are in no slice and so in no report.
pub(super) static SITES: [Site; COPIES] =
    [const { Site::new("step", file!(), line!(), column!()) }; COPIES];

/// The type of the `N`th site.
pub(super) struct At<const N: usize>;

impl<const N: usize> CallSite for At<N> {
    #[inline(always)]
    fn site() -> &'static Site {
        &SITES[N]
    }
}

/// A loop of plain calls.
#[inline(never)]
pub(super) fn plain<const N: usize>(objects: &[&dyn Probe]) -> u64 {
    objects
        .iter()
        .fold(1, |x, object| std::hint::black_box(*object).step(x))
}

/// The same loop through the `N`th site.
#[inline(never)]
pub(super) fn through_site<const N: usize>(objects: &[&dyn Probe]) -> u64 {
    objects.iter().fold(1, |x, object| {
        std::hint::black_box(*object)
            .step__needs_static_dispatch_on_its_declaration_and_a_dyn_receiver(At::<N>, x)
    })
}

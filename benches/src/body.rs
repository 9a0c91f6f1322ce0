//! What the benchmarks call: one multiplication, so that the call is all there is.

use static_call::static_dispatch;

/// A body of about two instructions, behind chains of up to two and four targets.
#[static_dispatch]
pub trait Body: Sync {
    /// Chains of up to two targets.
    #[static_dispatch(targets = 2)]
    fn step(&self, x: u64) -> u64;
    /// The same body, with chains of up to four.
    #[static_dispatch(targets = 4)]
    fn step_of_four(&self, x: u64) -> u64;
}

/// The implementations: a type for each `N`, whose code differs, so that neither
/// compiler nor linker makes one function of them.
#[derive(Debug)]
pub struct Multiply<const N: usize>(u64);

impl<const N: usize> Body for Multiply<N> {
    fn step(&self, x: u64) -> u64 {
        x.wrapping_mul(self.0).wrapping_add(N as u64 + 1)
    }

    fn step_of_four(&self, x: u64) -> u64 {
        x.wrapping_mul(self.0).wrapping_add(N as u64 + 1)
    }
}

/// One object of each type.
pub static OBJECTS: [&dyn Body; 8] = [
    &Multiply::<0>(0x9E37_79B9_7F4A_7C15),
    &Multiply::<1>(0xBF58_476D_1CE4_E5B9),
    &Multiply::<2>(0x94D0_49BB_1331_11EB),
    &Multiply::<3>(0xD6E8_FEB8_6659_FD93),
    &Multiply::<4>(0xA076_1D64_78BD_642F),
    &Multiply::<5>(0xE703_7ED1_A0B4_28DB),
    &Multiply::<6>(0x8EBC_6AF0_9C88_C6E3),
    &Multiply::<7>(0x5899_65CC_7537_4CC3),
];

/// Calls one object through some call site.
pub type Call = fn(&dyn Body, u64) -> u64;

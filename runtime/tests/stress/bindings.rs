//! A binding that is called, swapped, overridden, loaded and reclaimed meanwhile.

use std::thread;
use std::time::Duration;

use fastrand::Rng;
use static_call::{binding, static_dispatch};

use crate::world::World;

#[static_dispatch]
trait Secret: Send + Sync {
    /// Whose code runs, and what its data makes of `x`.
    #[static_dispatch]
    fn tell(&self, x: u64) -> (u64, u64);
    #[static_dispatch]
    fn told(&self, text: String) -> String;
}

/// What the data of each kind is; no other kind's code knows what to do with it.
const SECRETS: [u64; 4] = [
    0x9E37_79B9_7F4A_7C15,
    0xBF58_476D_1CE4_E5B9,
    0x94D0_49BB_1331_11EB,
    0x2545_F491_4F6C_DD1D,
];

struct Kind<const TAG: usize>(u64);

impl<const TAG: usize> Secret for Kind<TAG> {
    fn tell(&self, x: u64) -> (u64, u64) {
        (TAG as u64, self.0 ^ x)
    }

    fn told(&self, text: String) -> String {
        assert_eq!(self.0, SECRETS[TAG]);
        text
    }
}

static FIRST: Kind<0> = Kind(SECRETS[0]);
static SECOND: Kind<1> = Kind(SECRETS[1]);
static THIRD: Kind<2> = Kind(SECRETS[2]);
static FOURTH: Kind<3> = Kind(SECRETS[3]);

binding! { static BOUND: dyn Secret = Kind::<0>(SECRETS[0]); }

/// Calls through the binding: code and data are one object's.
pub(crate) fn call(world: &World, random: &mut Rng) {
    for _ in 0..500 {
        let x = random.u64(..);
        let (tag, told) = BOUND.tell(x);
        let tag = usize::try_from(tag).expect("small");
        assert_eq!(told, SECRETS[tag] ^ x, "code {tag} with another's data");
        assert_eq!(BOUND.told(x.to_string()), x.to_string());
    }
    world.count("bound calls checked", 1000);
}

/// Binds something else, in one of the ways there are.
pub(crate) fn swap(world: &World, random: &mut Rng) {
    let all: [&'static dyn Secret; 4] = [&FIRST, &SECOND, &THIRD, &FOURTH];
    let to = all[random.usize(..4)];
    match random.u8(..4) {
        0 => {
            let before = BOUND.load();
            // Somebody else may have been first.
            let _ = BOUND.compare_swap(&before, to);
        }
        1 => {
            let before = BOUND.swap(to).expect("it can be swapped");
            BOUND
                .restore(&before.expect("something is always bound"))
                .expect("it can be swapped");
        }
        2 => drop(BOUND.override_with(to)),
        _ => drop(BOUND.swap(to).expect("it can be swapped")),
    }
    world.count("swaps", 1);
    // The lock is not fair, and others want it too.
    thread::sleep(Duration::from_micros(100));
}

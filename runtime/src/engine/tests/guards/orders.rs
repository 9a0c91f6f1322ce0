//! Sites whose types come by in an order: what is decided on which figures, and that
//! it is looked at again.

use super::*;
use crate::calibrate::{ByOrder, Calibration, Costs};
use crate::engine::Resting;
use crate::engine::state::{FIRST_INTERVAL, FIRST_REVIEW};
use crate::plan::{Foreseen, Rest};

/// Guards of this machine: what they save is what plain calls are mispredicted.
fn figures() -> Calibration {
    let mixed = ByOrder {
        shuffled: 0.6,
        fixed: 1.4,
        plain: 0.3,
    };
    Calibration {
        chain: None,
        guard: Some(Costs {
            mono: 0.5,
            skewed: mixed,
            scattered: mixed,
            even: mixed,
            covered: mixed,
        }),
        past_guards: None,
        past_long_list: None,
    }
}

impl Scenario {
    /// In mode `auto`, on these figures.
    pub(super) fn priced(set: usize) -> Self {
        let mut scenario = Scenario::new(set, unavailable());
        scenario.engine.calibration = Some(figures());
        scenario.configure(Mode::Auto);
        scenario
    }

    /// As many calls as a window takes, on both listed kinds in turn.
    fn call_in_turn(&self, site: usize) {
        for x in 0..1024 {
            let kind = usize::from(x % 2 == 1);
            self.objects[kind].call(THROUGH[self.set][site], x);
        }
    }

    /// The same in an order without a period (Marsaglia's xorshift).
    pub(super) fn call_shuffled(&self, site: usize) {
        self.call_shuffled_with(site, || ());
    }

    /// The same, with something before each call.
    pub(super) fn call_shuffled_with(&self, site: usize, mut before: impl FnMut()) {
        let mut state = 0x9E37_79B9_u32;
        for x in 0..1024 {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let kind = usize::from(state >> 31 == 1);
            before();
            self.objects[kind].call(THROUGH[self.set][site], x);
        }
    }

    /// Passes without a call until a window is open.
    pub(super) fn passes_until_learning(&mut self, site: usize) -> u32 {
        for pass in 1..2000 {
            self.retarget().expect("nothing is refused");
            if *self.status(site) == Status::Learning {
                return pass;
            }
        }
        panic!("{:?} for ever", self.status(site));
    }

    fn why_it_rests(&self, site: usize) -> Rest {
        let Status::Resting(Resting::Planned(why)) = *self.status(site) else {
            panic!("{:?}", self.status(site));
        };
        why
    }
}

#[test]
fn in_auto_a_fixed_order_stays_plain_and_a_shuffled_one_is_inlined() {
    let mut scenario = Scenario::priced(3);
    scenario.call_in_turn(0);
    scenario.call_shuffled(1);
    scenario.retarget().expect("nothing is refused");
    let why = scenario.why_it_rests(0);
    let Rest::DoesNotPay {
        guards: Some(ratio),
        foreseen: Foreseen::Share(share),
        ..
    } = why
    else {
        panic!("{why:?}");
    };
    assert!(ratio > 1.3 && share > 0.9, "{why:?}");
    assert_eq!(scenario.keys(0), [0, 0]);
    let status = scenario.status(1);
    let Status::Published(figures) = status else {
        panic!("{status:?}");
    };
    assert!(figures.guard_ratio.is_some_and(|ratio| ratio < 0.8));
    let vtables = [1, 0].map(|kind| scenario.vtable(kind));
    assert_eq!(scenario.keys(1), vtables);
}

#[test]
fn a_published_plan_is_looked_at_again_though_nothing_misses_it() {
    let mut scenario = Scenario::priced(4);
    scenario.call_shuffled(0);
    scenario.retarget().expect("nothing is refused");
    assert!(matches!(scenario.status(0), Status::Published(_)));
    // Twice as late each time that it is found to be right.
    for wait in [1, 2, 4] {
        let passes = scenario.passes_until_learning(0);
        assert_eq!(passes, wait * FIRST_REVIEW + 1);
        scenario.call_shuffled(0);
        scenario.retarget().expect("nothing is refused");
        assert!(matches!(scenario.status(0), Status::Published(_)));
    }
    // From here on the same types come by in an order that is learned.
    scenario.passes_until_learning(0);
    scenario.call_in_turn(0);
    scenario.retarget().expect("nothing is refused");
    scenario.why_it_rests(0);
    assert_eq!(scenario.keys(0), [0, 0]);
    // What changed may change back: it does not wait as long as it did.
    assert_eq!(scenario.passes_until_learning(0), FIRST_INTERVAL + 1);
    scenario.call_shuffled(0);
    scenario.retarget().expect("nothing is refused");
    assert!(matches!(scenario.status(0), Status::Published(_)));
}

#[test]
fn a_site_that_stays_plain_is_looked_at_less_and_less_often() {
    let mut scenario = Scenario::priced(5);
    scenario.call_in_turn(0);
    scenario.retarget().expect("nothing is refused");
    for wait in [1, 2, 4] {
        let passes = scenario.passes_until_learning(0);
        assert_eq!(passes, wait * FIRST_INTERVAL + 1);
        scenario.call_in_turn(0);
        let outcome = engine::with(|_| scenario.engine.retarget());
        scenario.why_it_rests(0);
        // It was plain before, but for the window.
        let outcome = outcome.expect("nothing is refused");
        assert_eq!((outcome.changed, outcome.switched_off), (0, 0));
    }
}

//! Sites that are called seldom, in a program that has many.

use std::time::{Duration, Instant};

use super::*;
use crate::engine::Resting;
use crate::plan::{MOST_GUARDED, Rest};

impl Scenario {
    /// A window's calls, each long after the one before.
    fn call_seldom(&self, site: usize) {
        let mut last = Instant::now();
        self.call_shuffled_with(site, || {
            while last.elapsed() < Duration::from_micros(40) {
                std::hint::spin_loop();
            }
            last = Instant::now();
        });
    }

    /// Others that were called where this one was.
    fn others_in_use(&mut self, like: usize, count: usize) {
        let route = std::ptr::from_ref(SITES[self.set][like].first_path().unwrap().route);
        let others: &[Site] = (0..count)
            .map(|_| Site::new(&PLACE))
            .collect::<Vec<_>>()
            .leak();
        for other in others {
            other.route.store(route.cast_mut(), Ordering::Release);
        }
        let others = LoadedObject::new(others, &[], &[], None);
        self.engine.objects.push(others);
    }
}

#[test]
fn a_site_that_is_called_seldom_among_many_is_left_to_the_vtable() {
    let mut scenario = Scenario::priced(8);
    scenario.call_seldom(0);
    scenario.call_shuffled(1);
    scenario.others_in_use(0, MOST_GUARDED - 1);
    scenario.retarget().expect("nothing is refused");
    let status = scenario.status(0);
    assert!(
        matches!(
            status,
            Status::Resting(Resting::Planned(Rest::Crowded { sites })) if *sites == MOST_GUARDED + 1
        ),
        "{status:?}"
    );
    assert_eq!(scenario.keys(0), [0, 0]);
    // Whose calls follow each other soon is always at hand.
    assert!(matches!(scenario.status(1), Status::Published(_)));

    // The others are gone, a plugin's perhaps.
    scenario.engine.objects.truncate(1);
    scenario.passes_until_learning(0);
    scenario.call_seldom(0);
    scenario.retarget().expect("nothing is refused");
    assert!(matches!(scenario.status(0), Status::Published(_)));
}

//! The time that lives are told.

use crate::life::{NS, Now, Ps, SEC};
use crate::os;

/// What lives are told of time.
pub(super) struct Clock {
    /// What both clocks said last, in nanoseconds.
    last: (i64, i64),
    /// What lives were told last.
    told: Now,
}

/// What they are told fits into picoseconds for 106 days; before that they begin anew.
const LONGEST: Ps = 90 * 24 * 3600 * SEC;

impl Clock {
    /// A clock of a life that begins now: what has gone by before is nothing to it.
    pub(super) fn new() -> Self {
        Clock {
            last: os::clocks(),
            told: Now::default(),
        }
    }

    pub(super) fn now(&mut self) -> Now {
        self.read(os::clocks())
    }

    fn read(&mut self, (wall, cpu): (i64, i64)) -> Now {
        let wall_since = wall.saturating_sub(self.last.0).max(0);
        // In a child of `fork` it begins at zero.
        let cpu_since = if cpu < self.last.1 {
            cpu
        } else {
            cpu - self.last.1
        };
        self.last = (wall, cpu);
        let wall_since = wall_since.saturating_mul(NS);
        self.told.wall = self.told.wall.saturating_add(wall_since);
        // Of many threads together it is far ahead, which nobody wants to know.
        let cpu_since = cpu_since.max(0).saturating_mul(NS).min(wall_since);
        self.told.cpu = self.told.cpu.saturating_add(cpu_since);
        self.told
    }

    pub(super) fn is_late(&self) -> bool {
        self.told.wall >= LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_tells_what_has_gone_by_and_no_more_of_processors_than_of_the_wall() {
        let mut clock = Clock {
            last: (i64::MAX / 2, 1_000),
            told: Now::default(),
        };
        let mut read = |wall: i64, cpu| {
            let now = clock.read((i64::MAX / 2 + wall, cpu));
            (now.wall / NS, now.cpu / NS)
        };
        assert_eq!(read(500, 1_200), (500, 200));
        // Many threads.
        assert_eq!(read(600, 9_000), (600, 300));
        // A child of `fork`.
        assert_eq!(read(700, 60), (700, 360));
        // Neither goes back.
        assert_eq!(read(650, 61), (700, 360));
        assert!(!clock.is_late());
        clock.read((i64::MAX, 100));
        assert!(clock.is_late());
    }
}

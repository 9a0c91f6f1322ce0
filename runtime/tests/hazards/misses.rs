//! Counting misses ends.

use static_call::runtime;
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 1)]
trait Missed {
    fn missed(&self, x: u64) -> u64;
}

struct Frequent(u64);
struct Rare(u64);

impl Missed for Frequent {
    fn missed(&self, x: u64) -> u64 {
        x + self.0
    }
}
impl Missed for Rare {
    fn missed(&self, x: u64) -> u64 {
        x * self.0
    }
}

fn call(object: &dyn Missed, x: u64) -> u64 {
    static_call!(object.missed(x))
}

#[test]
fn a_published_site_counts_a_bounded_number_of_misses() {
    let _alone = crate::alone();
    // Made trait objects once: elsewhere, the same type may have another vtable.
    let (frequent, rare): (&dyn Missed, &dyn Missed) = (&Frequent(1), &Rare(3));
    crate::until_patched_for("Frequent", "Missed", "missed", || {
        (0..100).for_each(|x| assert_eq!(call(frequent, x), x + 1));
    });
    if !crate::patching() {
        return;
    }
    assert_eq!(crate::site("Missed", "missed").misses, 0);
    for x in 0..10 {
        assert_eq!(call(rare, x), x * 3);
        assert_eq!(call(frequent, x), x + 1);
    }
    assert_eq!(crate::site("Missed", "missed").misses, 10);
    for _ in 0..3 {
        (0..10_000).for_each(|x| assert_eq!(call(rare, x), x * 3));
        assert_eq!(crate::site("Missed", "missed").misses, 64);
    }
    // And only then does a pass look again.
    let pass = runtime::retarget().unwrap();
    assert!(pass.reopened >= 1, "{pass}");
}

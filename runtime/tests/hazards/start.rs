//! Calls and passes before `main`, and from a static's initializer.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use static_call::runtime;
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 2)]
trait Early {
    fn early(&self, x: u64) -> u64;
}

struct First(u64);
struct Second(u64);

impl Early for First {
    fn early(&self, x: u64) -> u64 {
        x + self.0
    }
}
impl Early for Second {
    fn early(&self, x: u64) -> u64 {
        x * self.0
    }
}

fn call(object: &dyn Early, x: u64) -> u64 {
    static_call!(object.early(x))
}

static RIGHT_BEFORE_MAIN: AtomicU64 = AtomicU64::new(0);
static PASSES_BEFORE_MAIN: AtomicU64 = AtomicU64::new(0);

extern "C" fn before_main() {
    crate::configure();
    for round in 0..4 {
        for x in 0..100 {
            let right = call(&First(3), x) == x + 3 && call(&Second(5), x) == x * 5;
            RIGHT_BEFORE_MAIN.fetch_add(u64::from(right), Ordering::Relaxed);
        }
        if runtime::retarget().is_ok() {
            PASSES_BEFORE_MAIN.store(round + 1, Ordering::Relaxed);
        }
    }
}

// SAFETY: the C runtime calls every pointer in this section once before `main`,
// and `before_main` has a signature that ignores what it passes.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

#[test]
fn calls_and_passes_before_main_are_right() {
    let _alone = crate::alone();
    assert_eq!(RIGHT_BEFORE_MAIN.load(Ordering::Relaxed), 400);
    assert_eq!(PASSES_BEFORE_MAIN.load(Ordering::Relaxed), 4);
    if crate::patching() {
        assert!(crate::site("Early", "early").windows >= 1);
    }
    for x in 0..100 {
        assert_eq!((call(&First(3), x), call(&Second(5), x)), (x + 3, x * 5));
    }
}

#[static_dispatch(targets = 2)]
trait Lazy: Sync + Send {
    fn lazy(&self, x: u64) -> u64;
}

struct FromStatic(u64);

impl Lazy for FromStatic {
    fn lazy(&self, x: u64) -> u64 {
        x ^ self.0
    }
}

fn call_lazy(object: &dyn Lazy, x: u64) -> u64 {
    static_call!(object.lazy(x))
}

static MADE: LazyLock<Box<dyn Lazy>> = LazyLock::new(|| {
    let made: Box<dyn Lazy> = Box::new(FromStatic(9));
    for _ in 0..4 {
        (0..100).for_each(|x| assert_eq!(call_lazy(&*made, x), x ^ 9));
        runtime::retarget().unwrap();
        assert!(runtime::report().passes > 0);
    }
    made
});

#[test]
fn a_statics_initializer_may_re_plan() {
    let _alone = crate::alone();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..100).for_each(|x| assert_eq!(call_lazy(&**MADE, x), x ^ 9)));
        }
    });
}

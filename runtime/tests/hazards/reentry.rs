//! Passes from places where a call is on its way.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use static_call::runtime::{self, Config, Mode, State};
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 1)]
trait Inside {
    fn inside(&mut self, depth: u32) -> u32;
}

struct Left;
struct Right;

/// Calls on, at the same site, on the other implementation, and re-plans before
/// and after.
fn call(object: &mut dyn Inside, depth: u32) -> u32 {
    static_call!(object.inside(depth))
}

impl Inside for Left {
    fn inside(&mut self, depth: u32) -> u32 {
        runtime::retarget().unwrap();
        let below = if depth == 0 {
            0
        } else {
            call(&mut Right, depth - 1)
        };
        runtime::retarget().unwrap();
        below * 2
    }
}

impl Inside for Right {
    fn inside(&mut self, depth: u32) -> u32 {
        runtime::retarget().unwrap();
        let below = if depth == 0 {
            1
        } else {
            call(&mut Left, depth - 1)
        };
        runtime::retarget().unwrap();
        below * 2 + 1
    }
}

/// What `call` returns, without calls.
fn expected(left: bool, depth: u32) -> u32 {
    let below = match depth {
        0 => u32::from(!left),
        _ => expected(!left, depth - 1),
    };
    below * 2 + u32::from(!left)
}

#[test]
fn a_method_may_re_plan_the_site_that_called_it() {
    let _alone = crate::alone();
    let mut patched = 0;
    for round in 0..60 {
        for depth in 0..12 {
            let left = round / 20 % 2 == 0;
            let result = if left {
                call(&mut Left, depth)
            } else {
                call(&mut Right, depth)
            };
            assert_eq!(result, expected(left, depth));
            patched += u32::from(crate::site("Inside", "inside").state == State::Patched);
        }
    }
    assert!(patched > 0 || !crate::patching());
}

#[static_dispatch(targets = 1)]
trait Dropped {
    fn dropped(&self, x: u32) -> u32;
}

struct Even;
struct Odd;

impl Dropped for Even {
    fn dropped(&self, x: u32) -> u32 {
        x * 2
    }
}
impl Dropped for Odd {
    fn dropped(&self, x: u32) -> u32 {
        x * 2 + 1
    }
}

fn call_dropped(object: &dyn Dropped, x: u32) -> u32 {
    static_call!(object.dropped(x))
}

/// Calls and re-plans when it goes.
struct Last(Box<dyn Dropped>, u32);

static DROPS: AtomicU32 = AtomicU32::new(0);

impl Drop for Last {
    fn drop(&mut self) {
        for _ in 0..3 {
            for x in 0..80 {
                assert_eq!(call_dropped(&*self.0, x), x * 2 + self.1);
            }
            runtime::retarget().unwrap();
        }
        DROPS.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_destructor_may_call_and_re_plan() {
    let _alone = crate::alone();
    for _ in 0..5 {
        drop(Last(Box::new(Even), 0));
        drop(Last(Box::new(Odd), 1));
    }
    // And while a panic unwinds.
    let unwound = thread::spawn(|| {
        let _last = Last(Box::new(Even), 0);
        panic!("on purpose");
    });
    assert!(unwound.join().is_err());
    assert_eq!(DROPS.load(Ordering::Relaxed), 11);
}

#[static_dispatch(targets = 1)]
trait Both: Sync {
    fn both(&self, x: u64) -> u64;
}

struct Here(u64);
struct There(u64);

impl Both for Here {
    fn both(&self, x: u64) -> u64 {
        x + self.0
    }
}
impl Both for There {
    fn both(&self, x: u64) -> u64 {
        x ^ self.0
    }
}

fn call_both(object: &dyn Both, x: u64) -> u64 {
    static_call!(object.both(x))
}

#[test]
fn two_threads_may_re_plan_at_once() {
    let _alone = crate::alone();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for x in 0..500 {
                    assert_eq!(call_both(&Here(10), x), x + 10);
                }
                for x in 0..500 {
                    assert_eq!(call_both(&There(0xA), x), x ^ 0xA);
                }
            }
        });
        let passes = [0, 1].map(|_| {
            scope.spawn(|| {
                // Passes that have nothing to do would hardly meet.
                for pass in 0..1000 {
                    let mode = if pass % 4 == 0 {
                        Mode::Off
                    } else {
                        Mode::Always
                    };
                    let config = Config::default().mode(mode).window(64).misses(64);
                    runtime::configure(config).unwrap();
                    runtime::retarget().unwrap();
                    assert!(!runtime::report().to_string().is_empty());
                }
            })
        });
        let passes = passes.map(thread::ScopedJoinHandle::join);
        // Whatever became of them, or the other thread would never end.
        done.store(true, Ordering::Relaxed);
        passes.into_iter().for_each(Result::unwrap);
    });
}

#[static_dispatch(targets = 1)]
trait Crossing {
    fn crossing(&self, x: u64) -> u64;
}

struct Old(u64);
struct New(u64);

impl Crossing for Old {
    fn crossing(&self, x: u64) -> u64 {
        x + self.0
    }
}
impl Crossing for New {
    fn crossing(&self, x: u64) -> u64 {
        x * self.0
    }
}

fn call_crossing(object: &dyn Crossing, x: u64) -> u64 {
    static_call!(object.crossing(x))
}

#[test]
fn a_window_goes_on_across_passes_until_it_has_seen_enough() {
    let _alone = crate::alone();
    // Another test may have opened a window of another size.
    let config = Config::default().window(128);
    for mode in [Mode::Off, Mode::Always] {
        runtime::configure(config.mode(mode)).unwrap();
        runtime::retarget().unwrap();
    }
    for x in 0..20 {
        assert_eq!(call_crossing(&Old(2), x), x + 2);
    }
    // Too little to say, three times over; what was seen is not forgotten.
    for _ in 0..3 {
        runtime::retarget().unwrap();
        assert_eq!(crate::site("Crossing", "crossing").state, State::Learning);
    }
    for x in 0..30 {
        assert_eq!(call_crossing(&New(2), x), x * 2);
        assert_eq!(call_crossing(&New(2), x), x * 2);
    }
    runtime::retarget().unwrap();
    let site = crate::site("Crossing", "crossing");
    assert_eq!(site.windows, 1);
    if crate::patching() {
        assert_eq!(site.state, State::Patched);
        let shares: Vec<_> = site.targets.iter().filter_map(|one| one.share).collect();
        assert!((shares[0] - 0.75).abs() < 0.01 && (shares[1] - 0.25).abs() < 0.01);
    }
}

//! Threads call with mixes that change, while others re-plan, reconfigure and
//! report. `STATIC_CALL_SOAK_SECONDS` makes it last.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use static_call::runtime::{self, Config, Mode};
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 2)]
trait Tagged: Sync + Send {
    fn tagged(&self, x: u64) -> u64;
    fn described(&self, x: u64) -> (u64, String);
}

/// Implementations of one layout: nothing but the answer tells them apart.
struct Kind<const TAG: u64>(u64);

impl<const TAG: u64> Tagged for Kind<TAG> {
    fn tagged(&self, x: u64) -> u64 {
        answer(TAG, self.0, x)
    }

    fn described(&self, x: u64) -> (u64, String) {
        (answer(TAG, self.0, x), TAG.to_string())
    }
}

fn answer(tag: u64, data: u64, x: u64) -> u64 {
    tag << 56 | (data ^ x).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 8
}

struct Object {
    tagged: Box<dyn Tagged>,
    tag: u64,
    data: u64,
}

fn object<const TAG: u64>() -> Object {
    let data = 77 + TAG;
    Object {
        tagged: Box::new(Kind::<TAG>(data)),
        tag: TAG,
        data,
    }
}

impl Object {
    /// One call at each of a few sites.
    fn call(&self, x: u64) {
        let expected = answer(self.tag, self.data, x);
        let object = &*self.tagged;
        assert_eq!(static_call!(object.tagged(x)), expected);
        assert_eq!(static_call!(self.tagged.tagged(x)), expected);
        assert_eq!(at_a_generic_site::<u8>(object, x), expected);
        assert_eq!(at_a_generic_site::<u16>(object, x), expected);
        if x.is_multiple_of(16) {
            let (answer, tag) = static_call!(object.described(x));
            assert_eq!((answer, tag), (expected, self.tag.to_string()));
        }
    }
}

/// One site with a trampoline for each instantiation.
#[inline(never)]
fn at_a_generic_site<T>(object: &dyn Tagged, x: u64) -> u64 {
    let _: Option<T> = None;
    static_call!(object.tagged(x))
}

const CALLERS: u64 = 2;
const CALLS_A_MIX: u64 = 2000;

/// Calls until `done`; the mix of the four kinds changes all the time, and once in
/// a while all are as frequent.
fn call(caller: u64, objects: &[Object; 4], done: &AtomicBool) -> u64 {
    let mut calls = 0;
    let mut state = 0x853C_49E6_748F_EA9B_u64 ^ caller;
    for mix in caller.. {
        for _ in 0..CALLS_A_MIX {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let often = match mix % 5 {
                4 => state >> 8 & 3,
                one => one,
            };
            let kind = if state % 10 < 8 {
                often
            } else {
                state >> 16 & 3
            };
            objects[usize::try_from(kind).unwrap()].call(state >> 20 & 0xFF);
            calls += 1;
        }
        if done.load(Ordering::Relaxed) {
            break;
        }
    }
    calls
}

fn mappings() -> (usize, usize) {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let both = |line: &&str| {
        line.split(' ')
            .nth(1)
            .is_some_and(|access| access.contains('w') && access.contains('x'))
    };
    (maps.lines().count(), maps.lines().filter(both).count())
}

#[test]
fn every_call_is_right_while_the_runtime_does_everything_at_once() {
    let soak = std::env::var("STATIC_CALL_SOAK_SECONDS")
        .map_or(3, |seconds| seconds.parse().expect("a number of seconds"));
    let end = Instant::now() + Duration::from_secs(soak);
    let objects = [object::<0>(), object::<1>(), object::<2>(), object::<3>()];
    let done = AtomicBool::new(false);
    let published = AtomicU64::new(0);
    let at_start = mappings().0;
    let calls: u64 = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (objects, done) = (&objects, &done);
                scope.spawn(move || call(caller, objects, done))
            })
            .collect();
        let others = [
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let pass = runtime::retarget().expect("nothing is refused");
                    published.fetch_add(pass.published as u64, Ordering::Relaxed);
                }
            }),
            scope.spawn(|| {
                let modes = [Mode::Always, Mode::Always, Mode::Auto, Mode::Off];
                for round in 0_usize.. {
                    let config = Config::default()
                        .mode(modes[round % modes.len()])
                        .window(64 << (round % 4))
                        .misses(1 << (round % 10));
                    runtime::configure(config).expect("a valid configuration");
                    thread::sleep(Duration::from_millis(5));
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                }
            }),
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let report = runtime::report();
                    assert!(!report.to_string().is_empty() && report.sites.len() == 4);
                    assert_eq!(mappings().1, 0, "memory is writable and executable");
                    thread::sleep(Duration::from_millis(2));
                }
            }),
        ];
        while Instant::now() < end && !callers.iter().any(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(10));
        }
        done.store(true, Ordering::Relaxed);
        for other in others {
            other.join().expect("the runtime does not panic");
        }
        callers
            .into_iter()
            .map(|caller| caller.join().expect("no call went elsewhere"))
            .sum()
    });
    let report = runtime::report();
    println!(
        "{calls} rounds of calls, {} passes, {} chains published, {} mappings at the start, {} now\n{report}",
        report.passes,
        published.load(Ordering::Relaxed),
        at_start,
        mappings().0,
    );
    // Five trampolines, and every ordered choice of one or two of four kinds.
    assert!(report.chains <= 5 * 16, "chains keep growing");
    assert!(mappings().0 <= at_start + 100, "mappings keep growing");
    assert!(calls > 0 && report.passes > 0);
}

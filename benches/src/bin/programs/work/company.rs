//! Two threads that call at the same sites, and a type that a plugin brings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use static_call_bench_bodies::{Body, Kind0, Kind1};
use static_call_benches::stats::Shuffle;

use crate::program::{Program, Size, Work};

pub(super) const PROGRAMS: [Program; 2] = [
    Program::new(
        "two-threads",
        "two threads in the same loop at the same time, 80/20 of two types",
        |size| Ok(Box::new(Company::new(size)?)),
    ),
    Program::new(
        "plugin",
        "four in five objects of a type from a plugin, which no list names",
        |size| Ok(Box::new(Foreign::new(size)?)),
    ),
];

#[inline(never)]
fn step(bodies: &[&'static dyn Body], mut x: u64) -> u64 {
    mark!();
    for body in bodies {
        x = call!(body.step(x), inline = [Kind0, Kind1]);
    }
    x
}

fn bodies(often: &'static dyn Body, seldom: &'static dyn Body, count: usize) -> Bodies {
    let mut shuffle = Shuffle::new(12);
    let bodies = (0..count).map(|_| if shuffle.below(5) == 0 { seldom } else { often });
    bodies.collect()
}

type Bodies = Vec<&'static dyn Body>;

struct Company {
    bodies: Bodies,
    other: Arc<Other>,
    thread: Option<JoinHandle<()>>,
}

/// What the other thread is told.
#[derive(Default)]
struct Other {
    calls: AtomicBool,
    ends: AtomicBool,
}

impl Company {
    fn new(size: Size) -> Result<Self, String> {
        static OFTEN: Kind0 = Kind0::new();
        static SELDOM: Kind1 = Kind1::new();
        let bodies = bodies(&OFTEN, &SELDOM, size.of(20_000));
        let other = Arc::new(Other::default());
        let (same, told) = (bodies.clone(), other.clone());
        let thread = std::thread::Builder::new().spawn(move || {
            while !told.ends.load(Ordering::Relaxed) {
                if told.calls.load(Ordering::Relaxed) {
                    for part in same.chunks(200) {
                        std::hint::black_box(step(part, 1));
                        if !told.calls.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                } else {
                    std::thread::park();
                }
            }
        });
        Ok(Company {
            bodies,
            other,
            thread: Some(thread.map_err(|error| error.to_string())?),
        })
    }

    fn tell(&self, which: &AtomicBool, what: bool) {
        which.store(what, Ordering::Relaxed);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Work for Company {
    fn run(&mut self) -> u64 {
        self.tell(&self.other.calls, true);
        let x = step(&self.bodies, 1);
        self.other.calls.store(false, Ordering::Relaxed);
        x
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        self.tell(&self.other.ends, true);
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, there is nothing to add to that.
            let _ = thread.join();
        }
    }
}

struct Foreign {
    bodies: Bodies,
}

impl Foreign {
    fn new(size: Size) -> Result<Self, String> {
        static SELDOM: Kind0 = Kind0::new();
        Ok(Foreign {
            bodies: bodies(
                static_call_benches::plugin::body()?,
                &SELDOM,
                size.of(20_000),
            ),
        })
    }
}

impl Work for Foreign {
    fn run(&mut self) -> u64 {
        step(&self.bodies, 1)
    }
}

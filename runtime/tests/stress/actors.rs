//! What the threads do, one step at a time.

use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use static_call::runtime::{self, Config, Mode, Plugin};

use crate::bindings;
use crate::objects::{Foreign, KINDS};
use crate::world::{World, mappings};

/// One step of a thread; each is repeated until the time is over.
type Act = fn(&World, &mut Rng);

/// A thread each. Whatever else may happen at the same time belongs here.
pub(crate) const ACTORS: &[(&str, Act)] = &[
    ("caller", call),
    ("another caller", call),
    ("caller of plugins", call_a_plugin),
    ("planner", re_plan),
    ("another planner", re_plan),
    ("configurer", configure),
    ("registrar", register),
    ("loader", load_or_unload),
    ("reporter", report),
    ("parent", fork),
    ("caller of a binding", bindings::call),
    ("swapper", bindings::swap),
    ("another swapper", bindings::swap),
];

/// A mix with one kind in front or all as frequent, for a while.
fn call(world: &World, random: &mut Rng) {
    let often = random.usize(..KINDS + 2);
    let mut calls = 0;
    for _ in 0..2000 {
        let any = random.usize(..KINDS);
        let kind = if often < KINDS && random.u8(..10) < 8 {
            often
        } else {
            any
        };
        let object = &world.objects[kind];
        calls += object.call(random.u64(..256));
        if random.u8(..) < 4 {
            calls += object.call_rarely(random.u64(..256));
        }
    }
    world.count("calls checked", calls);
}

/// Takes an object of a plugin, calls it, and puts it back, or drops it, which may
/// unload its plugin.
fn call_a_plugin(world: &World, random: &mut Rng) {
    let taken = world.foreign(|foreign| {
        let some = !foreign.is_empty();
        some.then(|| foreign.swap_remove(random.usize(..foreign.len())))
    });
    let Some(mut taken) = taken else {
        return thread::sleep(Duration::from_micros(100));
    };
    let calls = (0..200).map(|_| taken.call(random.u64(..))).sum();
    world.count("calls into and out of plugins", calls);
    if random.u8(..8) == 0 {
        drop(taken);
    } else {
        world.foreign(|foreign| foreign.push(taken));
    }
}

fn re_plan(world: &World, random: &mut Rng) {
    let pass = runtime::retarget().expect("nothing is refused");
    world.count("passes", 1);
    world.count("chains published", pass.published as u64);
    if random.bool() {
        thread::yield_now();
    }
}

fn configure(world: &World, random: &mut Rng) {
    let modes = [Mode::Always, Mode::Always, Mode::Auto, Mode::Off];
    let config = Config::default()
        .mode(modes[random.usize(..modes.len())])
        .window(64 << random.u32(..4))
        .misses(1 << random.u32(..10));
    runtime::configure(config).expect("a valid configuration");
    world.count("configurations", 1);
    thread::sleep(Duration::from_millis(random.u64(1..10)));
}

/// The host's implementations and the plugins', which go again.
fn register(world: &World, random: &mut Rng) {
    if random.bool() {
        runtime::register(&*world.objects[random.usize(..KINDS)].tagged);
        world.count("registrations", 1);
    } else {
        // Others may load and unload meanwhile, but not this one.
        let taken = world.foreign(Vec::pop);
        if let Some(taken) = taken {
            runtime::register(&*taken.filter);
            world.count("registrations", 1);
            world.foreign(|foreign| foreign.push(taken));
        }
    }
    thread::sleep(Duration::from_micros(random.u64(..500)));
}

/// Loads a plugin or what is none, and takes objects; drops some that there are.
fn load_or_unload(world: &World, random: &mut Rng) {
    const MOST_OBJECTS: usize = 6;
    let which = random.usize(..world.plugins.len());
    // SAFETY: the fixtures share their types with this program, and their
    // initializers do nothing.
    let loaded = unsafe { Plugin::load(&world.plugins[which]) };
    match loaded {
        Ok(plugin) => {
            assert_ne!(which, 2, "half a plugin was loaded");
            world.count("plugins loaded", 1);
            for _ in 0..random.usize(1..3) {
                let key = random.u64(..);
                let filter = plugin.construct("filter", key).expect("it is there");
                let other = which == 1;
                let mut made = Foreign { filter, key, other };
                let calls = made.call(random.u64(..));
                world.count("calls into and out of plugins", calls);
                world.count("objects of plugins", 1);
                world.foreign(|foreign| foreign.push(made));
            }
        }
        Err(error) => {
            assert_eq!(which, 2, "{error}");
            world.count("plugins refused", 1);
        }
    }
    loop {
        let one = world.foreign(|foreign| {
            let full = foreign.len() > MOST_OBJECTS || random.u8(..3) == 0;
            (full && !foreign.is_empty()).then(|| foreign.swap_remove(0))
        });
        if one.is_none() {
            break;
        }
    }
    thread::sleep(Duration::from_micros(random.u64(..2000)));
}

fn report(world: &World, random: &mut Rng) {
    let report = runtime::report();
    assert!(!report.to_string().is_empty());
    let unfinished = report.sites.iter().any(|site| site.why.is_empty());
    assert!(!unfinished, "{report}");
    world.count("reports", 1);
    world.count("mappings seen", mappings() as u64);
    thread::sleep(Duration::from_millis(random.u64(1..5)));
}

/// A child goes on by itself: it calls and re-plans, whatever the other threads were
/// doing, and ends.
fn fork(world: &World, random: &mut Rng) {
    // SAFETY: the child uses the allocator and the runtime, which glibc and the runtime
    // keep usable, no lock of this program, and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no process to be had");
    if child == 0 {
        let work = AssertUnwindSafe(|| {
            for _ in 0..3 {
                call(world, random);
                runtime::retarget().expect("nothing is refused");
            }
        });
        // SAFETY: ends this process, or has it ended should it hang.
        unsafe {
            libc::alarm(60);
            let result = panic::catch_unwind(work);
            libc::_exit(i32::from(result.is_err()));
        }
    }
    let mut status = 0;
    // SAFETY: a child of this process, waited for once.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child's status");
    world.count("children", 1);
    thread::sleep(Duration::from_millis(random.u64(10..100)));
}

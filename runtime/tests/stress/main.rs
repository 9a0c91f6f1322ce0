//! Everything at once: threads call with mixes that change, panic in a call, register,
//! load and unload plugins, swap a binding and fork, while others re-plan, reconfigure and
//! report.
//!
//! Twenty seconds; `STATIC_CALL_SOAK_SECONDS=600` makes it last. Each thread takes its
//! decisions from a seed of its own, which follows from the one that is printed first:
//! `STATIC_CALL_SEED` plays those decisions again (how the threads interleave is up to
//! the system, as ever).
#![cfg(plugins)]

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use std::{env, thread};

use static_call::runtime::{self, Backend};

mod actors;
mod bindings;
mod objects;
#[path = "../support/plugins.rs"]
mod plugins;
mod world;

use actors::ACTORS;
use world::{World, mappings};

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

/// Says that the others are to stop, also when a thread panics.
struct Stop<'a>(&'a World);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.done.store(true, Ordering::Relaxed);
    }
}

#[test]
fn every_call_is_right_while_the_runtime_does_everything_at_once() {
    let seed = number("STATIC_CALL_SEED").unwrap_or_else(|| fastrand::u64(..));
    let seconds = number("STATIC_CALL_SOAK_SECONDS").unwrap_or(20);
    println!("STATIC_CALL_SEED={seed} plays this again");
    let world = World::new();
    let before = world.state();
    let mapped_at_start = mappings();
    let end = Instant::now() + Duration::from_secs(seconds);
    thread::scope(|scope| {
        for (number, (name, act)) in ACTORS.iter().enumerate() {
            let world = &world;
            thread::Builder::new()
                .name((*name).to_owned())
                .spawn_scoped(scope, move || {
                    let _stop = Stop(world);
                    let mut random = fastrand::Rng::with_seed(seed ^ (number as u64) << 32);
                    while !world.done.load(Ordering::Relaxed) {
                        act(world, &mut random);
                    }
                })
                .expect("a thread");
        }
        let _stop = Stop(&world);
        let mut minute = Instant::now();
        while Instant::now() < end && !world.done.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(10));
            if minute.elapsed() >= Duration::from_mins(1) {
                minute = Instant::now();
                println!("{world}; {} mappings", mappings());
            }
        }
    });
    world.let_the_plugins_go();
    assert_eq!(world.state(), before, "something of the plugins is left");
    let report = runtime::report();
    println!(
        "seed {seed}: {world}; {} passes, {} chains of {} bytes, {mapped_at_start} mappings at \
         the start, {} now\n{report}",
        report.passes,
        report.chains,
        report.chain_bytes,
        mappings(),
    );
    world.assert_all_was_done(runtime::backend() == Backend::Patching);
    assert!(mappings() <= mapped_at_start + 150, "mappings keep growing");
}

//! Threads call while another thread exchanges chains under them, and switches keys.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::fixture::{self, Object, SITES};
use crate::arch::Target;
use crate::engine::{self, Engine, Patching};
use crate::key::Key;
use crate::os::objects;
use crate::publish::{Batch, Head, Lead, Trampoline};

const RETARGETS: usize = 100_000;
const CALLERS: usize = 2;

/// Every chain of up to two of the four implementations, in every order.
fn plans(objects: &[Object]) -> Vec<Vec<Target>> {
    let mut plans = vec![Vec::new()];
    for first in objects {
        plans.push(vec![first.target()]);
        for second in objects {
            if first.target() != second.target() {
                plans.push(vec![first.target(), second.target()]);
            }
        }
    }
    plans
}

/// How long the soak goes on, if one is asked for.
fn soak() -> Option<Duration> {
    let seconds = std::env::var("STATIC_CALL_SOAK_SECONDS").ok()?;
    Some(Duration::from_secs(
        seconds.parse().expect("a number of seconds"),
    ))
}

/// What the publisher owns, for the growth's sake.
#[derive(Debug)]
#[allow(dead_code, reason = "all of it is printed")]
struct Memory {
    chains: usize,
    chain_bytes: usize,
    mappings: usize,
    /// Executable mappings of this program.
    code_mappings: usize,
}

impl Memory {
    fn of(engine: &mut Engine) -> Self {
        let (chains, chain_bytes) = engine
            .patching
            .publisher()
            .expect("patching works")
            .chains();
        let program = objects::object_of(Memory::of as *const () as usize).expect("the program");
        let mappings = fixture::mappings();
        Memory {
            chains,
            chain_bytes,
            mappings: mappings.len(),
            code_mappings: mappings
                .iter()
                .filter(|(range, access)| {
                    access.contains('x') && program.range.contains(&range.start)
                })
                .count(),
        }
    }
}

/// Publishes one plan for each site in one batch, with its key on or off.
fn publish<'a>(
    engine: &mut Engine,
    trampolines: &mut [Trampoline],
    keys: &[Vec<Key>],
    plan: impl Fn(usize) -> (&'a [Target], bool),
) {
    let publisher = engine.patching.publisher().expect("patching works");
    let mut batch = Batch::default();
    let mut heads = Vec::new();
    for (site, trampoline) in trampolines.iter_mut().enumerate() {
        let (plan, on) = plan(site);
        let head = publisher.prepare(trampoline, Lead::Chain(plan), &mut batch);
        heads.push(head.expect("within reach"));
        let keys = publisher.prepare_keys(&keys[site], on, &mut batch);
        keys.expect("they are what the macro has put there");
    }
    // SAFETY: the engine's lock is held, and this program stays loaded.
    unsafe { publisher.commit(&batch) }.expect("patching works");
    for (trampoline, head) in trampolines.iter_mut().zip(heads) {
        trampoline.head = head;
    }
}

#[test]
fn no_call_is_misdirected_while_its_site_is_retargeted_a_hundred_thousand_times() {
    if engine::with(|engine| !matches!(engine.patching, Patching::Works(_))) {
        return;
    }
    let (sites, through) = fixture::sites::<0>();
    let objects = Object::one_of_each();
    let plans = plans(&objects);
    let placed = fixture::placed(sites);
    let keys: Vec<Vec<_>> = (0..SITES)
        .map(|site| placed.keys_of(site).collect())
        .collect();
    let mut trampolines: Vec<_> = (0..SITES)
        .map(|site| {
            let mut paths = placed.paths_of(site);
            Trampoline::new(paths.next().expect("each has one"))
        })
        .collect();
    let start = engine::with(Memory::of);
    let done = AtomicBool::new(false);
    let (calls, passes, warm) = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (objects, done) = (&objects, &done);
                scope.spawn(move || {
                    let mut calls = 0;
                    while !done.load(Ordering::Relaxed) {
                        // Every implementation at every site, on ever other sites.
                        for x in caller * 31..caller * 31 + 1024 {
                            let through = &through[x % SITES];
                            let object = &objects[(x ^ (x >> 3)) % 4];
                            object.call(*through, x as u64);
                        }
                        calls += 1024_u64;
                    }
                    calls
                })
            })
            .collect();
        let watcher = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                fixture::assert_nothing_is_writable_and_executable();
                thread::sleep(Duration::from_millis(1));
            }
        });
        let (begin, soak) = (Instant::now(), soak());
        let mut passes = 0;
        let mut warm = None;
        while passes * SITES < RETARGETS || soak.is_some_and(|soak| begin.elapsed() < soak) {
            // Plans differ from site to site; the step goes through all pairs of
            // plans, since their number is a prime.
            let step = 1 + passes / plans.len() % (plans.len() - 1);
            engine::with(|engine| {
                publish(engine, &mut trampolines, &keys, |site| {
                    let plan = &plans[(passes * step + site * 5) % plans.len()];
                    // Mostly on, or nobody would come by the chains.
                    (plan, !(passes + site).is_multiple_of(4))
                });
                if passes == plans.len() {
                    warm = Some(Memory::of(engine));
                }
            });
            passes += 1;
            if callers.iter().any(thread::ScopedJoinHandle::is_finished) {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
        let calls = callers.into_iter().map(thread::ScopedJoinHandle::join);
        let calls: u64 = calls.map(|calls| calls.expect("no call failed")).sum();
        watcher.join().expect("no memory is both");
        (calls, passes, warm.expect("more passes than plans"))
    });
    engine::with(|engine| publish(engine, &mut trampolines, &keys, |_| (&[], false)));
    assert!(trampolines.iter().all(|one| one.head == Head::Rest));
    let end = engine::with(Memory::of);
    println!(
        "{calls} calls during {} retargets; at the start {start:?}, warm {warm:?}, at the end {end:?}",
        passes * SITES
    );
    assert!(plans.len() == 17 && calls > 0 && passes * SITES >= RETARGETS);
    assert!(end.chains - start.chains <= SITES * (plans.len() - 1));
    assert_eq!(
        (end.chains, end.chain_bytes),
        (warm.chains, warm.chain_bytes),
        "the same plans took more memory"
    );
    assert!(
        end.code_mappings <= warm.code_mappings + 4,
        "mappings keep growing"
    );
}

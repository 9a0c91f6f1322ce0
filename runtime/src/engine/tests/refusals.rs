//! Every step of patching refused, at once and later.

use super::fixture::{self, Object, SITES, Through};
use crate::arch;
use crate::config::{Config, Mode};
use crate::engine::{self, Engine, Patching, RetargetError, Status};
use crate::life::By;
use crate::os::{self, CodeMemory, Refusing};
use crate::publish::{Batch, Lead, Publisher};
use crate::report::Backend;
use crate::site::{Path, Site};

/// What a site may still miss before its chain is looked at again.
const MISSES: u32 = 64;
/// Rounds of calls and passes in one scenario: chains are published, found
/// wanting, and replaced by others, which then lie outside the trampolines.
const ROUNDS: usize = 12;

/// An engine of its own, on sites of its own, with this memory.
struct Scenario {
    engine: Engine,
    sites: &'static [Site],
    through: [Through; SITES],
    objects: [Object; 4],
}

impl Scenario {
    fn new(memory: Box<dyn CodeMemory>) -> Self {
        let (sites, through) = fixture::sites::<1>();
        let mut engine = Engine::new(engine::trust::keep_own());
        engine.environment = None;
        engine.objects = vec![fixture::object(sites, None)];
        engine.patching = Patching::Works(Box::new(Publisher::new(memory)));
        engine
            .configure(Config::default().mode(Mode::Always).misses(MISSES))
            .expect("a valid configuration");
        sites.iter().for_each(fixture::renew);
        Scenario {
            engine,
            sites,
            through,
            objects: Object::one_of_each(),
        }
    }

    /// Calls through every site, mostly on two implementations; at every other
    /// site these differ from round to round. Panics if a call goes elsewhere.
    fn call(&self, round: usize) {
        for (site, through) in self.through.into_iter().enumerate() {
            let mix = if site % 2 == 0 { round / 2 } else { 0 };
            for call in 0..200_u64 {
                let often = (mix + site + usize::from(call % 3 == 0)) % 4;
                self.objects[often].call(through, call);
            }
            for object in &self.objects {
                object.call(through, 7);
            }
        }
    }

    /// One pass, under the process's own lock: other tests patch code nearby.
    fn retarget(&mut self) -> Result<engine::Retarget, RetargetError> {
        engine::with(|_| self.engine.retarget(By::Program))
    }

    /// The sites' trampolines, one each.
    fn paths(&self) -> Vec<Path> {
        let placed = fixture::placed(self.sites);
        let paths = (0..SITES).flat_map(|site| placed.paths_of(site));
        let paths: Vec<_> = paths.collect();
        assert_eq!(paths.len(), SITES);
        paths
    }

    fn heads(&self) -> Vec<[u8; 8]> {
        let read = |path: &Path| {
            // SAFETY: a trampoline of this program, eight bytes and more.
            unsafe { std::ptr::read_volatile(path.trampoline as *const [u8; 8]) }
        };
        self.paths().iter().map(read).collect()
    }

    fn published(&self) -> usize {
        let details = self.engine.objects[0].details.iter().flatten();
        details
            .filter(|details| matches!(details.status, Status::Published { .. }))
            .count()
    }

    /// Puts every head to rest and every key off by other means, and checks that the
    /// engine knew where the heads were.
    fn heal(mut self) {
        let mut publisher = Publisher::new(os::code_memory().expect("it worked before"));
        let mut batch = Batch::default();
        for details in self.engine.objects[0].details.iter_mut().flatten() {
            for trampoline in &mut details.trampolines {
                let head = publisher.prepare(trampoline, Lead::Chain(&[]), &mut batch);
                trampoline.head = head.expect("a fallback is within reach");
            }
            let is_on = fixture::are_on(details.keys.iter().copied());
            assert!(details.on || !is_on, "the engine lost track of a key");
            let keys = publisher.prepare_keys(&details.keys, false, &mut batch);
            keys.expect("no key is half written");
        }
        // SAFETY: the lock is held, and this program stays loaded.
        engine::with(|_| unsafe { publisher.commit(&batch) }).expect("it worked before");
        for (path, head) in self.paths().iter().zip(self.heads()) {
            let (at, rest) = (path.trampoline, path.route.rest.addr());
            assert!(
                arch::is_rest_head(at, &head, rest),
                "the engine lost track of a head"
            );
        }
    }
}

/// Plays a scenario to its end. Returns in which pass the step was refused and
/// how many sites kept a chain from before.
fn play(memory: Box<dyn CodeMemory>, step: &str) -> Option<(usize, usize)> {
    let mut scenario = Scenario::new(memory);
    let mut refused = None;
    for round in 0..ROUNDS {
        scenario.call(round);
        let before = scenario.published();
        let heads = scenario.heads();
        match (scenario.retarget(), refused) {
            (Ok(_), None) => {}
            (Ok(outcome), Some(_)) => {
                assert_eq!((outcome.published, outcome.reopened), (0, 0));
                assert_eq!(
                    heads,
                    scenario.heads(),
                    "a head was flipped after the failure"
                );
            }
            (Err(RetargetError::Refused { step: named, .. }), None) => {
                assert_eq!(named, step);
                refused = Some((round, scenario.published()));
                assert!(scenario.published() <= before);
            }
            (Err(error), Some(_)) => panic!("refused once more: {error}"),
        }
        if refused.is_some() {
            let Backend::Portable { reason } = Backend::of(&scenario.engine) else {
                panic!("the backend still claims to patch");
            };
            assert!(reason.contains(step), "{reason}");
        }
        scenario.call(round);
        fixture::assert_nothing_is_writable_and_executable();
    }
    scenario.heal();
    refused
}

#[test]
fn a_refused_step_leaves_every_call_right_and_the_backend_portable() {
    if os::code_memory().is_err() {
        return;
    }
    assert_eq!(
        play(os::code_memory().expect("it just worked"), "nothing"),
        None
    );
    let (mut refused, mut kept) = (0, 0);
    for step in ["mmap", "mprotect", "mremap", "membarrier"] {
        for after in 0..8 {
            for partly in [0, 3, 9] {
                let memory = Refusing {
                    after,
                    partly,
                    inner: Some(os::code_memory().expect("it just worked")),
                    ..Refusing::at(step)
                };
                let outcome = play(Box::new(memory), step);
                println!("{step} after {after}, {partly} edits done: {outcome:?}");
                let (_, chains) = outcome.expect("each step is taken more than eight times");
                refused += 1;
                kept += chains;
            }
        }
    }
    println!("{refused} refusals, {kept} chains from before went on");
    assert!(kept > 0, "no scenario had a chain to keep");
}

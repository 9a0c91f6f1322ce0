//! Guards at work: their keys, without patching, and when a plugin goes.

use std::sync::atomic::{AtomicBool, Ordering};

use super::fixture::{self, Kind, Object, Tagged, Through};
use crate::config::{Config, Mode};
use crate::engine::unload::SLEPT;
use crate::engine::{self, Engine, LoadedObject, Patching, Status};
use crate::os::{self, Refusing};
use crate::publish::{Head, Publisher};
use crate::site::{Keys, Phase, Place, Site};

mod crowds;
mod orders;

const MISSES: u32 = 64;
/// Tests that have sites, two each.
const SETS: usize = 9;

/// Sites that are in no slice: the process's own engine leaves them alone.
static PLACE: Place = Place::new("tagged", file!(), line!(), column!());
static SITES: [[Site; 2]; SETS] = [const { [const { Site::new(&PLACE) }; 2] }; SETS];
static KEYS: [[Keys; 2]; SETS] = [const { [const { Keys::new() }; 2] }; SETS];

macro_rules! through {
    ($($set:literal)*) => {
        [$([through!($set, 0), through!($set, 1)]),*]
    };
    ($set:literal, $site:literal) => {{
        use crate::site::{CallSite, DispatchedMethod, Gate};

        struct At;

        // SAFETY: its own.
        unsafe impl CallSite for At {
            // As `inline = [Kind<0>, Kind<1>]` says it.
            type Inline = (Kind<0>, (Kind<1>, ()));

            fn keys() -> &'static Keys {
                &KEYS[$set][$site]
            }

            fn site() -> &'static Site {
                &SITES[$set][$site]
            }
        }

        crate::trampoline! { At }

        fn gate<M: DispatchedMethod>() -> Gate<At, M> {
            // SAFETY: its own.
            Gate::new(At::site(), __trampoline::<M>, unsafe { crate::site::Own::new() })
        }

        #[inline(never)]
        fn through(object: &dyn Tagged, x: u64) -> u64 {
            object.tagged__needs_dyn_static_dispatch((gate(), x))
        }

        through as Through
    }};
}

static THROUGH: [[Through; 2]; SETS] = through! { 0 1 2 3 4 5 6 7 8 };

/// An engine of its own, on two sites of its own.
struct Scenario {
    engine: Engine,
    set: usize,
    objects: [Object; 4],
}

impl Scenario {
    fn new(set: usize, patching: Patching) -> Self {
        let mut engine = Engine::new(engine::trust::keep_own());
        engine.environment = None;
        engine.objects = vec![LoadedObject::new(&SITES[set], &[], &[], None)];
        engine.patching = patching;
        let mut scenario = Scenario {
            engine,
            set,
            objects: Object::one_of_each(),
        };
        scenario.configure(Mode::Always);
        SITES[set].iter().for_each(fixture::renew);
        scenario
    }

    fn configure(&mut self, mode: Mode) {
        let config = Config::default().mode(mode).misses(MISSES);
        self.engine.configure(config).expect("it is valid");
    }

    /// Calls these kinds at a site, and panics if another implementation answers.
    fn call(&self, site: usize, kinds: &[usize]) {
        for x in 0..100 {
            for kind in kinds {
                self.objects[*kind].call(THROUGH[self.set][site], x);
            }
        }
    }

    /// One pass, under the process's own lock: other tests patch code nearby.
    fn retarget(&mut self) -> Result<(), engine::RetargetError> {
        engine::with(|_| self.engine.retarget()).map(drop)
    }

    /// The keys of a site, in the order of the list, the last first.
    fn keys(&self, site: usize) -> [usize; 2] {
        let unused = (0..8).map(|index| KEYS[self.set][site].get(index));
        assert!(unused.eq([0; 8]), "keys that two types do not need");
        SITES[self.set][site].own_keys()
    }

    fn vtable(&self, kind: usize) -> usize {
        self.objects[kind].target().vtable
    }

    fn status(&self, site: usize) -> &Status {
        let details = self.engine.objects[0].details[site].as_ref();
        &details.expect("it was called").status
    }

    /// Passes until the guards of `kinds`, and no others, are on at a site.
    fn until_guarded(&mut self, site: usize, mix: &[usize], kinds: &[usize]) {
        let expected = [1, 0].map(|kind| {
            if kinds.contains(&kind) {
                self.vtable(kind)
            } else {
                0
            }
        });
        for _ in 0..20 {
            self.call(site, mix);
            self.retarget().expect("nothing more is refused");
            if self.keys(site) == expected && matches!(self.status(site), Status::Published(_)) {
                return;
            }
            // What was met before is still in this plan: another window.
            if let Some(details) = &mut self.engine.objects[0].details[site] {
                details.review = true;
            }
        }
        panic!(
            "{:x?} instead of {expected:x?}, {:?}",
            self.keys(site),
            self.status(site)
        );
    }
}

fn unavailable() -> Patching {
    Patching::Unavailable {
        reason: "for a test".into(),
    }
}

fn patching() -> Option<Patching> {
    let memory = os::code_memory().ok()?;
    Some(Patching::Works(Box::new(Publisher::new(memory))))
}

#[test]
fn keys_hold_the_vtables_that_are_met_and_nothing_while_a_window_is_open() {
    let mut scenario = Scenario::new(0, patching().unwrap_or_else(unavailable));
    let site = &SITES[0][0];
    assert_eq!(scenario.keys(0), [0, 0]);
    scenario.call(0, &[0, 1]);
    assert_eq!(scenario.keys(0), [0, 0], "nothing is on before a pass");
    scenario.until_guarded(0, &[0, 1], &[0, 1]);
    for mix in [&[0_usize][..], &[1]] {
        // The misses use up their budget.
        scenario.call(0, &[3]);
        scenario.retarget().expect("nothing is refused");
        assert_eq!(site.phase(), Phase::Learning);
        assert_eq!(
            scenario.keys(0),
            [0, 0],
            "a window would miss what a guard knows"
        );
        scenario.call(0, &[0, 1, 2, 3]);
        assert_eq!(scenario.keys(0), [0, 0]);
        scenario.until_guarded(0, mix, mix);
    }
    scenario.configure(Mode::Off);
    scenario.retarget().expect("nothing is refused");
    assert_eq!(scenario.keys(0), [0, 0]);
    scenario.call(0, &[0, 1, 2, 3]);
    scenario.configure(Mode::Always);
    scenario.until_guarded(0, &[0], &[0]);
}

#[test]
fn without_patching_guards_are_learned_all_the_same() {
    let mut scenario = Scenario::new(1, unavailable());
    scenario.until_guarded(0, &[0, 0, 1, 2, 3], &[0, 1]);
    scenario.call(0, &[0, 1, 2, 3]);
    // And where it was refused in the middle of it: the first chain to be published
    // fails, and its site learns guards later.
    if !matches!(patching(), Some(Patching::Works(_))) {
        return;
    }
    for step in ["mmap", "mprotect", "mremap", "membarrier"] {
        let memory = Refusing {
            inner: os::code_memory().ok(),
            ..Refusing::at(step)
        };
        let patching = Patching::Works(Box::new(Publisher::new(Box::new(memory))));
        let mut scenario = Scenario::new(1, patching);
        let mut refused = 0;
        for _ in 0..40 {
            scenario.call(1, &[0, 0, 0, 2, 3]);
            refused += usize::from(scenario.retarget().is_err());
        }
        assert_eq!(refused, 1, "{step}");
        scenario.until_guarded(1, &[0, 0, 0, 2, 3], &[0]);
        scenario.call(1, &[0, 1, 2, 3]);
    }
}

/// Else its library would stay for good, whenever the machine is busy.
#[test]
fn a_plugin_can_go_though_a_thread_has_a_sites_lock_for_long() {
    let mut scenario = Scenario::new(6, patching().unwrap_or_else(unavailable));
    let plugin = LoadedObject::new(&[], &[], &[], Some(7));
    scenario.engine.objects.push(plugin);
    scenario.call(0, &[0, 1]);
    scenario.retarget().expect("nothing is refused");
    let vtable = scenario.vtable(2);
    let (held, is_held) = std::sync::mpsc::channel();
    let (slept, done) = (|| SLEPT.load(Ordering::SeqCst), AtomicBool::new(false));
    let gone = std::thread::scope(|scope| {
        let done = &done;
        scope.spawn(move || {
            let lock = SITES[6][0].lock().expect("nobody else calls here");
            let before = slept();
            held.send(()).expect("it is awaited");
            // Longer than passes wait: they do not sleep for it.
            while slept() < before + 3 && !done.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            drop(lock);
        });
        is_held.recv().expect("it is sent");
        let gone = scenario.engine.remove_object(7, &(vtable..vtable + 1));
        done.store(true, Ordering::SeqCst);
        gone
    });
    assert!(gone);
}

/// The next one that lies there would be learned by what this one's calls have noted.
#[test]
fn what_a_window_has_noted_of_a_plugin_that_goes_is_forgotten() {
    let mut scenario = Scenario::new(7, patching().unwrap_or_else(unavailable));
    let plugin = LoadedObject::new(&[], &[], &[], Some(7));
    scenario.engine.objects.push(plugin);
    scenario.call(0, &[0, 2]);
    let vtables = || {
        let lock = SITES[7][0].lock().expect("nobody else calls here");
        let profile = lock.profile().expect("the window is open");
        // SAFETY: the site's lock is held.
        let notes = unsafe { profile.notes() };
        notes.seen().map(|seen| seen.vtable).collect::<Vec<_>>()
    };
    let (stays, goes) = (scenario.vtable(0), scenario.vtable(2));
    assert!(vtables().contains(&stays) && vtables().contains(&goes));
    let gone = engine::with(|_| scenario.engine.remove_object(7, &(goes..goes + 1)));
    assert!(gone);
    assert_eq!(vtables(), [stays], "the window remembers what is gone");
}

#[test]
fn a_plugin_that_goes_leaves_the_guards_of_other_sites_on() {
    let Some(patching) = patching() else { return };
    let mut scenario = Scenario::new(2, patching);
    scenario
        .engine
        .objects
        .push(LoadedObject::new(&[], &[], &[], Some(7)));
    // Kind 2 plays the plugin's type. One site has a chain no more, but its head
    // still leads to one from before, and has to be taken back.
    scenario.until_guarded(0, &[1, 3], &[1]);
    scenario.until_guarded(0, &[0, 1], &[0, 1]);
    let head = |scenario: &Scenario| {
        let details = scenario.engine.objects[0].details[0].as_ref();
        details.expect("it was called").trampolines[0].head
    };
    assert_ne!(head(&scenario), Head::Rest);
    scenario.until_guarded(1, &[0, 2], &[0]);
    let (keys, status) = (scenario.keys(0), scenario.status(0).clone());
    let vtable = scenario.vtable(2);
    let in_chain = |scenario: &Scenario| {
        let details = scenario.engine.objects[0].details[1].as_ref();
        let published = &details.expect("it was called").last_seen;
        published
            .iter()
            .any(|one| one.in_chain && one.target.vtable == vtable)
    };
    assert!(in_chain(&scenario));
    let gone = engine::with(|_| scenario.engine.remove_object(7, &(vtable..vtable + 1)));
    assert!(gone);
    assert_eq!(head(&scenario), Head::Rest);
    assert_eq!(scenario.keys(0), keys);
    assert_eq!(*scenario.status(0), status);
    scenario.call(0, &[0, 1, 2, 3]);
    assert!(!in_chain(&scenario));
    // The site whose chain is gone learns anew, and its guards are off for that.
    assert_eq!(*scenario.status(1), Status::Learning);
    assert_eq!(scenario.keys(1), [0, 0]);
    scenario.call(1, &[0, 1, 2, 3]);
    scenario.until_guarded(1, &[1], &[1]);
}

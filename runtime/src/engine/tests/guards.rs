//! Guards at work: what they know, without patching, and when a plugin goes.

use std::sync::atomic::{AtomicBool, Ordering};

use super::fixture::{self, Kind, Object, Tagged, Through};
use crate::arch;
use crate::config::{Config, Mode};
use crate::engine::unload::SLEPT;
use crate::engine::{self, Engine, LoadedObject, Patching, Resting, Status, steps};
use crate::key::Placed;
use crate::life::By;
use crate::os::{self, Refusing};
use crate::publish::{Head, Publisher};
use crate::site::{Keys, LISTED_IN_SITE, Phase, Place, Site, TRAMPOLINES};
use crate::window::{Block, Way};

const MISSES: u32 = 64;
/// Tests that have sites, two each.
const SETS: usize = 10;

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
            Gate::new(__trampoline::<M>, unsafe { crate::site::Own::new() })
        }

        #[inline(never)]
        fn through(object: &dyn Tagged, x: u64) -> u64 {
            object.tagged__needs_dyn_static_dispatch((gate(), x))
        }

        through as Through
    }};
}

static THROUGH: [[Through; 2]; SETS] = through! { 0 1 2 3 4 5 6 7 8 9 };

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
        engine.objects = vec![fixture::object(&SITES[set], None)];
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
        engine::with(|_| self.engine.retarget(By::Program)).map(drop)
    }

    /// The vtables that the guards of a site's two types know, in the order of the list.
    fn guards(&self, site: usize) -> [usize; 2] {
        let keys = &KEYS[self.set][site];
        let first = (LISTED_IN_SITE..8).map(|position| keys.first(position));
        let second = (0..8).map(|position| keys.second(position));
        let unused = first.chain(second);
        let mut unused = unused.map(|key| key.load(Ordering::Relaxed));
        assert!(unused.all(|vtable| vtable == 0), "no type has a second one");
        SITES[self.set][site].own_keys()
    }

    /// Whether calls at a site go by its arm.
    fn is_on(&self, site: usize) -> bool {
        if TRAMPOLINES {
            fixture::are_on(fixture::placed(&SITES[self.set]).keys_of(site))
        } else {
            SITES[self.set][site].is_on()
        }
    }

    fn head(&self, site: usize) -> Head {
        let details = self.engine.objects[0].details[site].as_ref();
        details.expect("a pass has looked at it").trampolines[0].head
    }

    /// Opens a window at each site that is off, or whose plan has had its misses.
    fn open(&mut self) {
        self.retarget().expect("nothing is refused");
        assert_eq!(SITES[self.set][0].phase(), Phase::Learning);
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
        let expected = [0, 1].map(|kind| {
            if kinds.contains(&kind) {
                self.vtable(kind)
            } else {
                0
            }
        });
        for _ in 0..20 {
            self.call(site, mix);
            self.retarget().expect("nothing more is refused");
            if self.guards(site) == expected && matches!(self.status(site), Status::Published(_)) {
                return;
            }
            // What was met before is still in this plan: another window.
            if let Some(details) = &mut self.engine.objects[0].details[site] {
                details.review = true;
            }
        }
        panic!(
            "{:x?} instead of {expected:x?}, {:?}",
            self.guards(site),
            self.status(site)
        );
    }
}

fn unavailable() -> Patching {
    Patching::Unavailable {
        reason: "for a test".into(),
    }
}

/// What switches sites here; [`None`] where that is refused.
fn patching() -> Option<Patching> {
    if !TRAMPOLINES {
        return Some(unavailable());
    }
    let memory = os::code_memory().ok()?;
    Some(Patching::Works(Box::new(Publisher::new(memory))))
}

#[test]
fn guards_hold_the_vtables_that_are_met_and_nothing_while_a_window_is_open() {
    let Some(patching) = patching() else { return };
    let mut scenario = Scenario::new(0, patching);
    let site = &SITES[0][0];
    assert_eq!(scenario.guards(0), [0, 0]);
    scenario.call(0, &[0, 1]);
    assert!(!scenario.is_on(0), "nothing is on before a pass");
    scenario.open();
    assert!(scenario.is_on(0), "nobody would come by the window");
    scenario.call(0, &[0, 1]);
    assert_eq!(scenario.guards(0), [0, 0], "nothing is known before a pass");
    scenario.until_guarded(0, &[0, 1], &[0, 1]);
    for mix in [&[0_usize][..], &[1]] {
        // As many misses as there may be.
        scenario.call(0, &[3]);
        scenario.retarget().expect("nothing is refused");
        assert_eq!(site.phase(), Phase::Learning);
        assert_eq!(
            scenario.guards(0),
            [0, 0],
            "a window would miss what a guard knows"
        );
        scenario.call(0, &[0, 1, 2, 3]);
        assert_eq!(scenario.guards(0), [0, 0]);
        scenario.until_guarded(0, mix, mix);
    }
    scenario.configure(Mode::Off);
    scenario.retarget().expect("nothing is refused");
    assert_eq!((scenario.guards(0), scenario.is_on(0)), ([0, 0], false));
    scenario.call(0, &[0, 1, 2, 3]);
    scenario.configure(Mode::Always);
    scenario.until_guarded(0, &[0], &[0]);
    assert!(scenario.is_on(0));
}

/// How often each vtable was noted in the open window of a site.
fn noted(site: &Site) -> Vec<(usize, u32)> {
    let lock = site.lock().expect("nobody else calls here");
    let profile = lock.profile().expect("the window is open");
    // SAFETY: the site's lock is held.
    let notes = unsafe { profile.notes() };
    notes.seen().map(|seen| (seen.vtable, seen.count)).collect()
}

#[test]
fn a_window_opens_with_the_heads_at_rest_so_that_what_a_chain_knows_is_noted_too() {
    let Some(patching) = patching() else { return };
    if !TRAMPOLINES {
        return;
    }
    let mut scenario = Scenario::new(1, patching);
    scenario.until_guarded(0, &[0, 2], &[0]);
    assert_ne!(scenario.head(0), Head::Rest, "2 is in the chain");
    // As many misses as there may be.
    scenario.call(0, &[3]);
    scenario.open();
    assert_eq!(scenario.head(0), Head::Rest);
    scenario.call(0, &[0, 1, 2]);
    let all = [0, 1, 2].map(|kind| (scenario.vtable(kind), 100));
    assert_eq!(noted(&SITES[1][0]), all);
}

#[test]
fn a_full_window_whose_records_were_dropped_goes_on() {
    let Some(patching) = patching() else { return };
    let mut scenario = Scenario::new(9, patching);
    let site = &SITES[9][0];
    scenario.open();
    scenario.call(0, &[0]);
    assert_eq!(site.block().way, Way::Burst, "there is room for more");
    let lock = site.lock().expect("nobody else calls here");
    // As from threads that find it taken: none of them has noted anything.
    let profile = lock.profile().expect("the window is open");
    // SAFETY: the site's lock is held.
    unsafe { profile.notes() }.clear();
    lock.put(Block::PLAIN);
    drop(lock);
    for expected in [Phase::Learning, Phase::Watching] {
        scenario.retarget().expect("nothing is refused");
        assert_eq!(site.phase(), expected, "it still waits");
        scenario.call(0, &[0]);
    }
    assert_eq!(scenario.guards(0), [scenario.vtable(0), 0]);
}

#[test]
fn where_code_cannot_be_patched_calls_stay_plain_and_nothing_is_recorded() {
    let mut scenario = Scenario::new(3, unavailable());
    if !TRAMPOLINES {
        // Guards need no code to be patched.
        scenario.until_guarded(0, &[0, 0, 1, 2, 3], &[0, 1]);
        return;
    }
    for _ in 0..3 {
        scenario.call(0, &[0, 1, 2, 3]);
        scenario.retarget().expect("nothing is refused");
        assert_eq!(*scenario.status(0), Status::Resting(Resting::Portable));
        assert!(!scenario.is_on(0) && SITES[3][0].route().is_none());
    }
}

/// Keys that are on stay on, and guards need nothing else.
#[test]
fn guards_are_learned_also_after_a_step_was_refused() {
    if !matches!(patching(), Some(Patching::Works(_))) {
        return;
    }
    for step in ["mmap", "mprotect", "mremap", "membarrier"] {
        // Windows open, and the first chain to be published fails.
        let memory = Refusing {
            after: 1,
            inner: os::code_memory().ok(),
            ..Refusing::at(step)
        };
        let patching = Patching::Works(Box::new(Publisher::new(Box::new(memory))));
        let mut scenario = Scenario::new(4, patching);
        let mut refused = 0;
        for _ in 0..40 {
            scenario.call(1, &[0, 0, 0, 2, 3]);
            refused += usize::from(scenario.retarget().is_err());
        }
        assert_eq!(refused, 1, "{step}");
        scenario.until_guarded(1, &[0, 0, 0, 2, 3], &[0]);
        scenario.call(1, &[0, 1, 2, 3]);
        scenario.switch_off_by_other_means();
    }
}

impl Scenario {
    /// For the next engine, which takes them for new.
    fn switch_off_by_other_means(&mut self) {
        let memory = os::code_memory().expect("it worked before");
        self.engine.patching = Patching::Works(Box::new(Publisher::new(memory)));
        self.configure(Mode::Off);
        self.retarget().expect("nothing is refused");
        assert!(!self.is_on(0) && !self.is_on(1));
    }
}

/// Else its library would stay for good, whenever the machine is busy.
#[test]
fn a_plugin_can_go_though_a_thread_has_a_sites_lock_for_long() {
    let Some(patching) = patching() else { return };
    let mut scenario = Scenario::new(6, patching);
    let plugin = LoadedObject::new(&[], Placed::default(), &[], &[], Some(7));
    scenario.engine.objects.push(plugin);
    scenario.open();
    scenario.call(0, &[0, 1]);
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
    let Some(patching) = patching() else { return };
    let mut scenario = Scenario::new(7, patching);
    let plugin = LoadedObject::new(&[], Placed::default(), &[], &[], Some(7));
    scenario.engine.objects.push(plugin);
    scenario.open();
    scenario.call(0, &[0, 2]);
    let vtables = || {
        let noted = noted(&SITES[7][0]).into_iter();
        noted.map(|(vtable, _)| vtable).collect::<Vec<_>>()
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
    if !TRAMPOLINES {
        return;
    }
    let mut scenario = Scenario::new(2, patching);
    scenario
        .engine
        .objects
        .push(LoadedObject::new(&[], Placed::default(), &[], &[], Some(7)));
    // Kind 2 plays the plugin's type.
    scenario.until_guarded(0, &[0, 1], &[0, 1]);
    scenario.until_guarded(1, &[0, 2], &[0]);
    let (guards, status) = (scenario.guards(0), scenario.status(0).clone());
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
    assert_eq!(scenario.guards(0), guards);
    assert_eq!(*scenario.status(0), status);
    scenario.call(0, &[0, 1, 2, 3]);
    assert!(!in_chain(&scenario));
    // The site whose chain is gone learns anew, and its guards are off for that.
    assert_eq!(scenario.head(1), Head::Rest);
    assert_eq!(*scenario.status(1), Status::Learning);
    assert_eq!(scenario.guards(1), [0, 0]);
    scenario.call(1, &[0, 1, 2, 3]);
    scenario.until_guarded(1, &[1], &[1]);
}

/// Nothing is remembered of what they lead to.
#[test]
fn a_plugin_that_goes_has_the_heads_of_sites_at_rest_taken_back() {
    let Some(patching) = patching() else { return };
    if !TRAMPOLINES {
        return;
    }
    let mut scenario = Scenario::new(5, patching);
    scenario
        .engine
        .objects
        .push(LoadedObject::new(&[], Placed::default(), &[], &[], Some(7)));
    scenario.until_guarded(0, &[1, 3], &[1]);
    let details = scenario.engine.objects[0].details[0].as_mut();
    let details = details.expect("it was called");
    engine::with(|_| steps::rest(&SITES[5][0], details, Resting::Off));
    assert_ne!(scenario.head(0), Head::Rest);
    let vtable = scenario.vtable(2);
    let gone = engine::with(|_| scenario.engine.remove_object(7, &(vtable..vtable + 1)));
    assert!(gone);
    assert_eq!(scenario.head(0), Head::Rest);
    scenario.call(0, &[0, 1, 2, 3]);
}

/// Should somebody else keep its library loaded, nobody would look after them any more.
#[test]
fn a_plugin_that_goes_has_its_own_keys_off_and_its_heads_at_rest() {
    let Some(patching) = patching() else { return };
    if !TRAMPOLINES {
        return;
    }
    let mut scenario = Scenario::new(8, patching);
    scenario.engine.objects[0].plugin = Some(7);
    scenario.until_guarded(0, &[0, 2], &[0]);
    assert_ne!(scenario.head(0), Head::Rest);
    assert!(scenario.is_on(0) && scenario.is_on(1));
    let gone = engine::with(|_| scenario.engine.remove_object(7, &(0..0)));
    assert!(gone && scenario.engine.objects.is_empty());
    assert!(!scenario.is_on(0) && !scenario.is_on(1));
    let placed = fixture::placed(&SITES[8]);
    for path in (0..2).flat_map(|site| placed.paths_of(site)) {
        // SAFETY: a trampoline of this program.
        let head: [u8; arch::HEAD_BYTES] =
            unsafe { std::ptr::read_volatile(std::ptr::with_exposed_provenance(path.trampoline)) };
        let rest = path.route.rest.addr();
        assert!(arch::is_rest_head(path.trampoline, &head, rest));
    }
    scenario.call(0, &[0, 1, 2, 3]);
}

//! The default mode at work: sites that live, on an engine of their own.

use super::fixture::{self, Kind, Object, Through};
use crate::allocations;
use crate::arch;
use crate::config::{Config, Mode};
use crate::costs::Calibration;
use crate::engine::auto::Auto;
use crate::engine::{self, Engine, LoadedObject, Patching, Resting, RetargetError, Status};
use crate::key::Placed;
use crate::life::{By, State};
use crate::measured::{Plan, PlanEntry, PlanKind, PlannedType};
use crate::os::{self, Refusing};
use crate::plan::auto::Plain;
use crate::publish::{Batch, Head, Lead, Publisher};
use crate::registry::TraitObject as _;
use crate::report::Backend;
use crate::site::{Keys, Phase, Place, Site, TRAMPOLINES};
use crate::window::{Block, Way};

/// Guards gain, and chains nothing. A call takes about as long as in these tests, with all
/// that is around it: how often a site is called is taken from that.
const GUARDS_PAY: Calibration = Calibration {
    plain: 200.0,
    guard: Some(0.2),
    behind: Some(0.3),
    chain: Some(0.9),
    chain_mixed: Some(0.9),
};
/// As with retpolines.
const CHAINS_PAY: Calibration = Calibration {
    chain: Some(0.2),
    chain_mixed: Some(0.3),
    ..GUARDS_PAY
};

/// Tests that have a site with a list.
const SETS: usize = 7;
static PLACE: Place = Place::new("tagged", file!(), line!(), column!());
static LISTED: [[Site; 1]; SETS] = [const { [const { Site::new(&PLACE) }; 1] }; SETS];

macro_rules! through {
    ($($set:literal)*) => {
        [$({
            use super::fixture::Tagged;
            use crate::site::{CallSite, DispatchedMethod, Gate};

            struct At;

            // SAFETY: its own.
            unsafe impl CallSite for At {
                // As `inline = [Kind<0>, Kind<1>]` says it.
                type Inline = (Kind<0>, (Kind<1>, ()));

                fn keys() -> &'static Keys {
                    static KEYS: Keys = Keys::new();
                    &KEYS
                }

                fn site() -> &'static Site {
                    &LISTED[$set][0]
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
        }),*]
    };
}

static THROUGH: [Through; SETS] = through! { 0 1 2 3 4 5 6 };

/// An engine of its own in the default mode, on sites of its own, of which one is called.
struct Scenario {
    engine: Engine,
    sites: &'static [Site],
    through: Through,
    objects: [Object; 4],
    /// Times that a calling thread has allocated in the engine.
    allocated: u64,
    /// Keys that a calling thread has switched off.
    flipped_back: u32,
    /// How often it could not, for another test had the pages.
    refused: u32,
}

/// What switches sites here; [`None`] where that is refused.
fn patching() -> Option<Patching> {
    if !TRAMPOLINES {
        return Some(Patching::Unavailable {
            reason: "for a test".into(),
        });
    }
    let memory = os::code_memory().ok()?;
    Some(Patching::Works(Box::new(Publisher::new(memory))))
}

impl Scenario {
    fn new(
        sites: &'static [Site],
        through: Through,
        costs: Calibration,
        patching: Patching,
    ) -> Self {
        let mut engine = Engine::new(engine::trust::keep_own());
        engine.environment = None;
        engine.objects = vec![fixture::object(sites, None)];
        engine.patching = patching;
        engine.calibration = Some(costs);
        engine
            .configure(Config::default().mode(Mode::Auto))
            .expect("it is valid");
        engine.auto = Some(Box::new(Auto::generous(costs)));
        sites.iter().for_each(fixture::renew);
        Scenario {
            engine,
            sites,
            through,
            objects: Object::one_of_each(),
            allocated: 0,
            flipped_back: 0,
            refused: 0,
        }
    }

    fn listed(set: usize, patching: Patching) -> Self {
        Scenario::new(&LISTED[set], THROUGH[set], GUARDS_PAY, patching)
    }

    /// Calls these kinds one after the other. The process's own engine, which calls ask, has
    /// no site of these; so this one is asked by the same thread.
    fn call(&mut self, kinds: &[usize]) {
        for x in 0..200 {
            for kind in kinds {
                self.objects[*kind].call(self.through, x);
                let asks = self.sites[0].block().script.extra > 0;
                if asks && self.sites[0].phase() == Phase::Living {
                    self.emptied();
                }
            }
        }
    }

    fn emptied(&mut self) {
        let was_on = self.is_on();
        let (engine, site) = (&mut self.engine, &self.sites[0]);
        self.allocated += engine::with(|_| {
            allocations::during(|| {
                let asked = engine.emptied(site);
                assert!(asked, "it has a life");
            })
        });
        self.flipped_back += u32::from(was_on && !self.is_on());
    }

    /// One pass, under the process's own lock: other tests patch code nearby.
    fn pass(&mut self) -> Result<(), RetargetError> {
        let passed = engine::with(|_| self.engine.retarget(By::Program)).map(drop);
        self.engine.describe_lives();
        passed
    }

    /// Calls and passes in turn, until this holds.
    fn until(&mut self, kinds: &[usize], done: impl Fn(&Self) -> bool) {
        self.pass().expect("nothing is refused");
        for _ in 0..1_000_000 {
            self.call(kinds);
            self.engine.describe_lives();
            if done(self) {
                return;
            }
            self.pass().expect("nothing is refused");
            if done(self) {
                return;
            }
        }
        panic!("{:?}, {:?}", self.status(), self.sites[0].block());
    }

    /// Until a plan is on, and has been for some calls.
    fn until_published(&mut self, kinds: &[usize]) {
        self.until(kinds, |this| {
            matches!(this.status(), Status::Published(_)) && this.is_on()
        });
    }

    /// A storm of misses, until this holds. Whoever would leave while another thread is in
    /// the runtime leaves it to a later call; and other tests are, for as long as their
    /// thread may be made to wait.
    fn miss_until(&mut self, kinds: &[usize], done: impl Fn(&Self) -> bool) {
        for _ in 0..1_000_000 {
            self.call(kinds);
            if done(self) {
                return;
            }
            if self.sites[0].block() == Block::PLAIN && self.is_on() {
                // Another test had the pages at that moment: the next pass tries again.
                self.refused += 1;
                self.pass().expect("nothing is refused");
            }
            std::thread::yield_now();
        }
        panic!("{:?}, {:?}", self.status(), self.sites[0].block());
    }

    fn status(&self) -> &Status {
        let details = self.engine.objects[0].details[0].as_ref();
        &details.expect("a pass has looked at it").status
    }

    fn head(&self) -> Head {
        let details = self.engine.objects[0].details[0].as_ref();
        details.expect("a pass has looked at it").trampolines[0].head
    }

    /// What its life is at.
    fn state(&self) -> State {
        let details = self.engine.objects[0].details[0].as_ref();
        let life = details.and_then(|details| details.life).expect("a life");
        self.engine.auto.as_ref().expect("lives").life.state(life)
    }

    /// Has it begin anew. Its key is off.
    fn forget(&mut self) {
        let details = self.engine.objects[0].details[0].as_mut();
        let details = details.expect("a pass has looked at it");
        let life = details.life.expect("a life");
        details.offered = None;
        self.engine.auto.as_mut().expect("lives").life.reset(life);
    }

    fn has_life(&self) -> bool {
        let details = self.engine.objects[0].details[0].as_ref();
        details.is_some_and(|details| details.life.is_some())
    }

    fn is_on(&self) -> bool {
        if TRAMPOLINES {
            fixture::are_on(fixture::placed(self.sites).keys_of(0))
        } else {
            self.sites[0].is_on()
        }
    }

    fn vtable(&self, kind: usize) -> usize {
        self.objects[kind].target().vtable
    }

    /// That the engine knows where heads and keys are.
    fn check_books(&self) {
        let details = self.engine.objects[0].details[0].as_ref();
        let details = details.expect("a pass has looked at it");
        let known = details.on || !TRAMPOLINES || !self.is_on();
        assert!(known, "lost track of a key");
        for trampoline in &details.trampolines {
            let at = trampoline.at();
            // SAFETY: a trampoline of this program.
            let head: [u8; arch::HEAD_BYTES] =
                unsafe { std::ptr::read_volatile(std::ptr::with_exposed_provenance(at)) };
            let is_at_rest = arch::is_rest_head(at, &head, trampoline.path.route.rest.addr());
            assert_eq!(is_at_rest, trampoline.head == Head::Rest, "of a head");
        }
    }

    /// For the next engine, which takes the sites for new.
    fn end(mut self) {
        self.check_books();
        if let Ok(memory) = os::code_memory() {
            self.engine.patching = Patching::Works(Box::new(Publisher::new(memory)));
        }
        self.engine
            .configure(Config::default().mode(Mode::Off))
            .expect("it is valid");
        self.pass().expect("nothing is refused");
        assert!(!self.is_on());
        if let Patching::Works(publisher) = &mut self.engine.patching {
            let details = self.engine.objects[0].details[0].as_mut();
            let details = details.expect("a pass has looked at it");
            let mut batch = Batch::default();
            for trampoline in &mut details.trampolines {
                let head = publisher.prepare(trampoline, Lead::Rest, &mut batch);
                trampoline.head = head.expect("its way at rest is within reach");
            }
            // SAFETY: the lock is held, and this program stays loaded.
            engine::with(|_| unsafe { publisher.commit(&batch) }).expect("nothing is refused");
            self.check_books();
        }
        self.call(&[0, 1, 2, 3]);
    }
}

#[test]
fn a_living_site_goes_from_a_window_to_its_plan_and_back_by_the_calls_themselves() {
    let Some(patching) = patching() else { return };
    let mut scenario = Scenario::listed(0, patching);
    let site = &LISTED[0][0];
    scenario.call(&[0, 1]);
    assert!(!scenario.is_on(), "nothing is on before a pass");
    scenario.until(&[0, 1], |this| *this.status() == Status::Learning);
    assert!(scenario.is_on(), "nobody would come by the window");
    assert_eq!(site.phase(), Phase::Living);
    assert_eq!(site.own_keys(), [0, 0]);

    scenario.until_published(&[0, 1]);
    assert_eq!(site.own_keys(), [0, 1].map(|kind| scenario.vtable(kind)));
    let Status::Published(figures) = scenario.status() else {
        unreachable!()
    };
    assert!(figures.guarded > 0.9, "{figures:?}");
    // What is caught touches nothing.
    let before = site.block();
    scenario.call(&[0, 1]);
    assert_eq!((site.block(), before.way), (before, Way::On));

    // A storm of misses: no pass is needed to leave.
    scenario.miss_until(&[2, 3], |this| !this.is_on());
    assert_eq!(site.block().way, Way::Plain);
    if TRAMPOLINES {
        assert!(scenario.flipped_back + scenario.refused > 0);
    }
    assert_eq!(scenario.allocated, 0, "a calling thread has allocated");
    scenario.end();
}

#[test]
fn who_leaves_the_default_mode_leaves_every_site_plain() {
    let Some(patching) = patching() else { return };
    let mut scenario = Scenario::listed(1, patching);
    scenario.until_published(&[0, 1]);
    engine::with(|_| scenario.engine.leave_auto());
    let site = &LISTED[1][0];
    assert!(!scenario.is_on() && !scenario.has_life());
    assert_eq!((site.phase(), site.block()), (Phase::Resting, Block::PLAIN));
    assert_eq!(*scenario.status(), Status::Resting(Resting::New));
    scenario.call(&[0, 1, 2, 3]);
    // And comes back to it.
    scenario.until_published(&[0]);
    scenario.end();
}

#[test]
fn what_a_life_has_met_of_a_plugin_that_goes_is_forgotten() {
    let Some(patching) = patching() else { return };
    let mut scenario = Scenario::listed(2, patching);
    let plugin = LoadedObject::new(&[], Placed::default(), &[], &[], Some(7));
    scenario.engine.objects.push(plugin);
    scenario.until_published(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    let known = |scenario: &Scenario, kind: usize| {
        let vtable = scenario.vtable(kind);
        let details = scenario.engine.objects[0].details[0].as_ref();
        let known = &details.expect("it was called").known;
        known.iter().any(|(one, _)| one.target.vtable == vtable)
    };
    assert!(known(&scenario, 0) && known(&scenario, 2));
    // Kind 2 plays the plugin's type.
    let vtable = scenario.vtable(2);
    let gone = engine::with(|_| scenario.engine.remove_object(7, &(vtable..vtable + 1)));
    assert!(gone);
    assert!(known(&scenario, 0) && !known(&scenario, 2));
    scenario.call(&[0, 1, 3]);
    // What was published is not what it is going by any more.
    scenario.pass().expect("nothing is refused");
    let status = scenario.status();
    assert!(!matches!(status, Status::Published(_)), "{status:?}");
    scenario.until_published(&[0, 1]);
    scenario.end();
}

#[test]
fn a_site_that_lists_nothing_is_left_alone_where_chains_do_not_pay() {
    let Some(patching) = patching() else { return };
    let (sites, through) = fixture::sites::<2>();
    let mut scenario = Scenario::new(&sites[..1], through[0], GUARDS_PAY, patching);
    scenario.until(&[0, 0, 0, 1], |this| !this.has_life() && !this.is_on());
    assert_eq!(
        *scenario.status(),
        Status::Resting(Resting::Lives(Plain::NoList))
    );
    // But what it has met is in the report.
    let details = scenario.engine.objects[0].details[0].as_ref();
    let seen = &details.expect("it was called").last_seen;
    assert!(!seen.is_empty() && seen.iter().all(|one| !one.in_chain));
    scenario.end();
}

#[cfg_attr(
    sanitized,
    ignore = "passes take so long there that another chain follows at once, and no window"
)]
#[test]
fn a_chain_is_published_where_plain_calls_are_expensive() {
    if !TRAMPOLINES {
        return;
    }
    let Some(patching) = patching() else { return };
    let (sites, through) = fixture::sites::<3>();
    let mut scenario = Scenario::new(&sites[..1], through[0], CHAINS_PAY, patching);
    scenario.until_published(&[0, 1]);
    assert_ne!(scenario.head(), Head::Rest);
    // Without a pass, which would find a plan that knows these; and what was met is forgotten,
    // or the next pass has one.
    scenario.miss_until(&[2, 3], |this| !this.is_on());
    scenario.forget();
    // In a window it would hide what it knows.
    scenario.until(&[2, 3], |this| *this.status() == Status::Learning);
    assert_eq!(scenario.head(), Head::Rest);
    scenario.end();
}

#[test]
fn a_refused_step_ends_all_lives_and_leaves_calls_right() {
    if !TRAMPOLINES || os::code_memory().is_err() {
        return;
    }
    let (sites, through) = fixture::sites::<3>();
    let cases = ["mmap", "mremap", "membarrier"].map(|step| (0..5).map(move |after| (step, after)));
    for (step, after) in cases.into_iter().flatten() {
        for (partly, with_chain) in [(0, false), (9, true), (1, true)] {
            let memory = Refusing {
                after,
                partly,
                inner: os::code_memory().ok(),
                ..Refusing::at(step)
            };
            let patching = Patching::Works(Box::new(Publisher::new(Box::new(memory))));
            let mut scenario = if with_chain {
                Scenario::new(&sites[1..2], through[1], CHAINS_PAY, patching)
            } else {
                Scenario::listed(3, patching)
            };
            let mut refused = None;
            for turn in 0..1_000_000 {
                // Once it is on nothing is to be done, unless it misses: a key that a calling
                // thread could not flip back is what it should be if its plan comes next.
                let is_published = turn > 0 && matches!(scenario.status(), Status::Published(_));
                scenario.call(if is_published { &[2, 3] } else { &[0, 1] });
                if let Err(error) = scenario.pass() {
                    refused = Some(error);
                    break;
                }
                if let Patching::Failed { .. } = scenario.engine.patching {
                    break;
                }
            }
            let RetargetError::Refused { step: named, .. } = refused.expect("a step is refused");
            assert_eq!(named, step);
            let Backend::Portable { reason } = Backend::of(&scenario.engine) else {
                panic!("the backend still claims to patch");
            };
            assert!(reason.contains(step), "{reason}");
            assert!(!scenario.has_life());
            assert_eq!(scenario.sites[0].block(), Block::PLAIN);
            scenario.check_books();
            // Nothing more is tried.
            for _ in 0..3 {
                scenario.call(&[0, 1, 2, 3]);
                scenario.pass().expect("nothing is tried");
                assert!(!scenario.has_life());
            }
            scenario.end();
        }
    }
}

#[test]
fn a_call_that_cannot_flip_its_key_back_leaves_it_to_the_next_pass() {
    if !TRAMPOLINES {
        return;
    }
    let Some(patching) = patching() else { return };
    let mut scenario = Scenario::listed(4, patching);
    scenario.until_published(&[0, 1]);
    // Whatever a calling thread would do is refused.
    let Patching::Works(works) = std::mem::replace(
        &mut scenario.engine.patching,
        Patching::Works(Box::new(Publisher::new(Box::new(Refusing::at("mremap"))))),
    ) else {
        unreachable!("it was published")
    };
    scenario.miss_until(&[2, 3], |_| LISTED[4][0].block().way == Way::Plain);
    assert!(scenario.is_on(), "it was refused");
    scenario.engine.patching = Patching::Works(works);
    scenario.pass().expect("nothing is refused");
    // Unless that pass has sent it by a plan again, or opened a window.
    let is_wanted = matches!(scenario.state(), State::On | State::Open { .. });
    assert_eq!(scenario.is_on(), is_wanted);
    scenario.end();
}

/// A plan of these kinds for the site that lists the first two.
fn plan(kind: PlanKind, kinds: &[(usize, f32)]) -> Plan {
    let objects = Object::one_of_each();
    let types = kinds.iter().map(|(kind, share)| PlannedType {
        name: objects[*kind].tagged.__table().type_name().to_owned(),
        share: *share,
    });
    Plan {
        entries: vec![PlanEntry {
            file: PLACE.file.to_owned(),
            line: LISTED[0][0].line(),
            column: LISTED[0][0].column(),
            number: None,
            trait_name: "Tagged".to_owned(),
            method: "tagged".to_owned(),
            kind,
            types: types.collect(),
            calls_per_second: 1e6,
            ratio: 0.5,
            interval: (0.4, 0.6),
            measured: 1,
        }],
        ..Plan::default()
    }
}

impl Scenario {
    fn with_plan(set: usize, patching: Patching, plan: Plan) -> Self {
        let mut scenario = Scenario::listed(set, patching);
        scenario.engine.follow(plan, None);
        scenario.pass().expect("nothing is refused");
        scenario
    }

    /// One call of this kind, and what comes of it.
    fn call_once(&mut self, kind: usize) {
        self.objects[kind].call(self.through, 7);
        if self.sites[0].block().script.extra > 0 {
            self.emptied();
        }
    }
}

#[test]
fn a_type_of_a_given_plan_is_met_by_the_call_itself_which_allocates_nothing() {
    let Some(patching) = patching() else { return };
    let plan = plan(PlanKind::Inline, &[(0, 0.5), (1, 0.5)]);
    let mut scenario = Scenario::with_plan(5, patching, plan);
    let site = &LISTED[5][0];
    assert!(scenario.is_on() && scenario.has_life());
    assert_eq!(site.own_keys(), [0, 0], "nothing was met");
    scenario.call_once(0);
    assert_eq!(
        site.own_keys(),
        [scenario.vtable(0), 0],
        "at its first call"
    );
    // What is not named is not compared with; what is, as soon as misses are looked at.
    for kind in [2, 1, 3, 2, 3, 2] {
        scenario.call_once(kind);
    }
    assert_eq!(site.own_keys(), [0, 1].map(|kind| scenario.vtable(kind)));
    assert_eq!(scenario.allocated, 0);
    let before = site.block();
    scenario.call(&[0, 1]);
    assert_eq!(site.block(), before, "what is caught touches nothing");
    scenario.pass().expect("nothing is refused");
    let Status::Published(figures) = scenario.status() else {
        panic!("{:?}", scenario.status())
    };
    assert!((figures.guarded - 1.0).abs() < 1e-6, "{figures:?}");
    scenario.end();
}

#[test]
fn a_given_plan_opens_no_window_and_what_it_does_not_name_stays_plain() {
    let Some(patching) = patching() else { return };
    let mut elsewhere = plan(PlanKind::Inline, &[(0, 1.0)]);
    elsewhere.entries[0].method = "another".to_owned();
    let mut scenario = Scenario::with_plan(6, patching, elsewhere);
    for _ in 0..20 {
        scenario.call(&[0, 1]);
        scenario.pass().expect("nothing is refused");
        assert!(!scenario.is_on() && !scenario.has_life());
        assert_eq!(
            *scenario.status(),
            Status::Resting(Resting::Given("not in the plan"))
        );
    }
    // Windows decide again.
    scenario.engine.unfollow();
    scenario.until(&[0, 1], |this| *this.status() == Status::Learning);
    scenario.end();
}

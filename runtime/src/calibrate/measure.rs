//! The measurement.

use std::time::Instant;

use super::probe::{COPIES, Copy, Kind, Loop, Probe, ThroughSite};
use crate::arch::Target;
use crate::costs::Calibration;
use crate::key::{self, Key};
use crate::publish::{Batch, Lead, Publisher, Trampoline};
use crate::registry::TraitObject as _;
use crate::site::{Path, Phase, Route, Site, TRAMPOLINES};
use crate::vtable::vtable_of;
use crate::window::{Block, Way};

/// Calls of one loop: enough for its time to be told from the clock's.
const CALLS: usize = 2048;
const ROUNDS: usize = 7;
/// Rounds that warm caches and predictors up.
const WARM_UP: usize = 2;
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// Which loop of a copy is measured against its plain one.
type Variant = fn(&Copy) -> &ThroughSite;

/// Measures guards and, where code can be patched, chains against plain calls.
pub(crate) fn measure(publisher: Option<&mut Publisher>) -> Calibration {
    if !crate::os::HAS_CLOCK {
        return Calibration::UNMEASURED;
    }
    let kinds: [&dyn Probe; 4] = [
        &Kind::<1>(SEED),
        &Kind::<3>(SEED),
        &Kind::<5>(SEED),
        &Kind::<7>(SEED),
    ];
    let mut bench = Bench::new(&kinds);
    let mut switches = Switches::new(publisher);
    let chained: Variant = |copy| &copy.chained;
    let guarded: Variant = |copy| &copy.guarded_by_two;
    let behind: Variant = |copy| &copy.guarded_by_four;
    let has_chains = switches.chain(&kinds[..2], chained).is_some();
    let has_guards =
        switches.guard(&kinds[..2], guarded).is_some() && switches.guard(&kinds, behind).is_some();
    // All that meets one type comes first: an indirect call that has ever had a second
    // target takes a Zen 4 2.2 ns in place of 1.4, whatever it meets from then on.
    let guard = has_guards.then(|| bench.one_type(guarded));
    let last = has_guards.then(|| bench.one_type(behind));
    let chain = has_chains.then(|| bench.one_type(chained));
    if chain.is_none() && guard.is_none() {
        bench.one_type(chained);
    }
    let chain_mixed = has_chains.then(|| bench.ratio(MIXED, chained));
    for variant in [chained, guarded, behind] {
        // What a refusal leaves on is called by nobody else.
        let _ = switches.off(variant);
    }
    Calibration {
        plain: bench.plain,
        guard,
        behind: last,
        chain,
        chain_mixed,
    }
}

/// Where the measured sites' code is, and what writes it.
struct Switches<'a> {
    publisher: Option<&'a mut Publisher>,
    /// With the sites' addresses.
    keys: Vec<(usize, Key)>,
    paths: Vec<(usize, Path)>,
}

impl<'a> Switches<'a> {
    fn new(publisher: Option<&'a mut Publisher>) -> Self {
        let measured: Vec<_> = COPIES
            .iter()
            .flat_map(Copy::sites)
            .map(|site| std::ptr::from_ref(site).addr())
            .collect();
        let address = |site: &'static Site| {
            let address = std::ptr::from_ref(site).addr();
            measured.contains(&address).then_some(address)
        };
        let keys = key::keys().iter().filter_map(|record| {
            let (at, arm) = (record.at(), record.arm());
            Some((address(record.site()?)?, Key { at, arm }))
        });
        let paths = key::trampolines().iter().filter_map(|record| {
            let path = record.path()?;
            Some((address((path.route.site)())?, path))
        });
        Switches {
            publisher,
            keys: keys.collect(),
            paths: paths.collect(),
        }
    }

    /// Switches a site of every copy, with a chain of these targets behind its guards.
    fn switch(&mut self, variant: Variant, on: bool, targets: &[Target]) -> Option<()> {
        let Some(publisher) = self.publisher.as_mut() else {
            for copy in &COPIES {
                variant(copy).site.switch(on);
            }
            return (!TRAMPOLINES).then_some(());
        };
        let mut batch = Batch::default();
        for copy in &COPIES {
            let site = std::ptr::from_ref(variant(copy).site).addr();
            let keys = self.keys.iter().filter(|(of, _)| *of == site);
            let keys: Vec<_> = keys.map(|(_, key)| *key).collect();
            publisher.prepare_keys(&keys, on, &mut batch).ok()?;
            if !on {
                continue;
            }
            for (_, path) in self.paths.iter().filter(|(of, _)| *of == site) {
                publisher
                    .prepare(
                        &mut Trampoline::new(*path),
                        Lead::Chain(targets),
                        &mut batch,
                    )
                    .ok()?;
            }
        }
        // SAFETY: the engine's lock is held, and all of this is this crate's own code,
        // which stays loaded.
        unsafe { publisher.commit(&batch) }.ok()
    }

    fn off(&mut self, variant: Variant) -> Option<()> {
        self.switch(variant, false, &[])
    }

    /// Puts a chain of these objects' types behind a site of every copy. Each site has one
    /// chain in its life, in the place that the first chain of any site has.
    fn chain(&mut self, objects: &[&dyn Probe], variant: Variant) -> Option<()> {
        if !TRAMPOLINES {
            return None;
        }
        let mut targets: Vec<Target> = Vec::new();
        for object in objects {
            let vtable = vtable_of(*object);
            let shim = object.__table().shim(0)?;
            targets.push(Target { vtable, shim });
        }
        self.switch(variant, true, &targets)
    }

    /// Where a site leads. Without trampolines a call has to tell.
    fn route(&self, through: &ThroughSite, objects: &[&dyn Probe]) -> Option<&'static Route> {
        let site = std::ptr::from_ref(through.site).addr();
        if TRAMPOLINES {
            let path = self.paths.iter().find(|(of, _)| *of == site);
            return path.map(|(_, path)| path.route);
        }
        through.site.switch(true);
        through
            .site
            .lock()?
            .open(Phase::Learning, Block::simple(Way::Burst, 1), None);
        (through.run)(&objects[..1]);
        through
            .site
            .lock()?
            .open(Phase::Resting, Block::PLAIN, None);
        through.site.route()
    }

    /// Switches the guards for these objects' types on at every copy.
    fn guard(&mut self, objects: &[&dyn Probe], variant: Variant) -> Option<()> {
        for copy in &COPIES {
            let through = variant(copy);
            let guards = self.route(through, objects)?.guards?;
            let on: Option<Vec<_>> = objects
                .iter()
                .map(|object| Some((guards.key_of(object.__table())?, vtable_of(*object))))
                .collect();
            // SAFETY: `key_of` has compared the tables of these very vtables, and all lies
            // in this crate's object.
            unsafe { through.site.guard(guards, &on?) };
        }
        self.switch(variant, true, &[])
    }
}

/// Who is called, from a random number.
type Mix = fn(usize) -> usize;

const ONE_TYPE: Mix = |_| 0;
/// Four in five on the first of two.
const MIXED: Mix = |pick| usize::from(pick.is_multiple_of(5));

/// Who is called, in which order.
struct Bench<'a> {
    kinds: &'a [&'a dyn Probe; 4],
    objects: Vec<&'a dyn Probe>,
    /// Of the random numbers (Marsaglia's xorshift), from a fixed seed.
    state: u64,
    /// What a plain call took on one type, in nanoseconds.
    plain: f32,
}

impl<'a> Bench<'a> {
    fn new(kinds: &'a [&'a dyn Probe; 4]) -> Self {
        Bench {
            kinds,
            objects: Vec::with_capacity(CALLS),
            state: SEED,
            plain: f32::INFINITY,
        }
    }

    /// On one type. What plain calls take is taken down as well.
    fn one_type(&mut self, variant: Variant) -> f32 {
        let (ratio, plain) = self.times(ONE_TYPE, variant);
        #[allow(clippy::cast_precision_loss, reason = "some thousands")]
        let plain = plain * 1e9 / CALLS as f32;
        self.plain = self.plain.min(plain);
        ratio
    }

    fn ratio(&mut self, mix: Mix, variant: Variant) -> f32 {
        self.times(mix, variant).0
    }

    /// The variant's time as a multiple of the plain loop's, and that one's in seconds:
    /// medians over all copies, plain loop and variant in turn.
    fn times(&mut self, mix: Mix, variant: Variant) -> (f32, f32) {
        const MEASURED: usize = (ROUNDS - WARM_UP) * COPIES.len();
        let mut ratios = [0.0; MEASURED];
        let mut plains = [0.0; MEASURED];
        for round in 0..ROUNDS {
            // A predictor remembers much of what comes a second time.
            self.fill(mix);
            for (index, copy) in COPIES.iter().enumerate() {
                let through = variant(copy).run;
                let (plain, through) = if round % 2 == 0 {
                    let plain = self.time(copy.plain);
                    (plain, self.time(through))
                } else {
                    let through = self.time(through);
                    (self.time(copy.plain), through)
                };
                if let Some(measured) = round.checked_sub(WARM_UP) {
                    ratios[measured * COPIES.len() + index] = through / plain;
                    plains[measured * COPIES.len() + index] = plain;
                }
            }
        }
        (median(&mut ratios), median(&mut plains))
    }

    /// Seconds of a loop over the objects.
    fn time(&self, run: Loop) -> f32 {
        let start = Instant::now();
        std::hint::black_box(run(std::hint::black_box(&self.objects)));
        start.elapsed().as_secs_f32()
    }

    /// Objects in a new order.
    fn fill(&mut self, mix: Mix) {
        self.objects.clear();
        for _ in 0..CALLS {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            #[allow(clippy::cast_possible_truncation, reason = "31 bits are left")]
            let pick = (self.state >> 33) as usize;
            self.objects.push(self.kinds[mix(pick)]);
        }
    }
}

fn median(values: &mut [f32]) -> f32 {
    values.sort_by(f32::total_cmp);
    values[values.len() / 2]
}

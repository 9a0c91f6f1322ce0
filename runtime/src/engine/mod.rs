//! The engine behind `static_call::runtime`: one lock around the registry of
//! loaded objects, the state of their sites, and the publisher.
//!
//! No call through a site ever takes the lock. A pass ([`Engine::retarget`])
//! walks all sites, lets the planner decide about those whose window has something
//! to say, and publishes what changed in one batch.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32};

use crate::arch;
use crate::bound::STATIC_CALL_BINDINGS_0_1_0;
#[cfg(plugins)]
use crate::bound::{BindingRecord, TrampolineOfBinding};
use crate::config::{Config, ConfigError, Mode};
use crate::costs::Calibration;
use crate::key::Placed;
use crate::os;
use crate::profile::Profile;
use crate::publish::Publisher;
use crate::registry::{
    Implementation, RegisteredImplementation, STATIC_CALL_DECLARATIONS_0_1_0,
    STATIC_CALL_IMPLEMENTATIONS_0_1_0, TraitDeclaration,
};
use crate::site::{Route, STATIC_CALL_SITES_0_1_0, Site};

mod auto;
mod bindings;
mod evidence;
#[cfg(all(unix, not(target_family = "wasm")))]
mod fork;
mod lock;
mod origins;
mod outcome;
mod pass;
mod places;
mod resumed;
#[cfg(feature = "tracing")]
mod said;
mod state;
mod static_keys;
mod steps;
#[cfg(feature = "tracing")]
mod telling;
#[cfg(test)]
mod tests;
mod trust;
mod tuning;
mod turns;
mod unload;
mod visit;

pub use auto::FollowedPlan;
pub(crate) use auto::WAKE;
pub(crate) use bindings::BoundBinding;
#[cfg(plugins)]
pub(crate) use fork::loading;
pub(crate) use lock::{change_key, changing, emptied, with};
pub(crate) use origins::{origins, register};
pub use outcome::{ApplyError, Retarget, RetargetError, Skipped};
pub(crate) use pass::meet_strangers;
pub(crate) use places::{Place, numbers};
#[cfg(feature = "tracing")]
pub(crate) use said::{News, Said};
pub(crate) use state::{Details, Resting, Status};
pub(crate) use static_keys::KnownKey;
#[cfg(feature = "tracing")]
pub(crate) use telling::flush;
use trust::Trust;
pub(crate) use tuning::{CannotTune, Met, Switch, Untried};

/// Threads of this process that make passes from time to time.
pub(crate) static WORKERS: AtomicU32 = AtomicU32::new(0);

/// Whether there was such a thread, and the program has ended it.
pub(crate) static STOPPED: AtomicBool = AtomicBool::new(false);

/// What the runtime knows.
pub(crate) struct Engine {
    config: Config,
    /// The mode from the environment, which wins, or what was wrong with it.
    environment: Option<Result<Mode, ConfigError>>,
    pub(crate) patching: Patching,
    pub(crate) objects: Vec<LoadedObject>,
    /// The host's first, then those of plugins.
    pub(crate) bindings: Vec<BoundBinding>,
    /// What their trampolines lead to, and those of plugins that went.
    routes: Vec<&'static Route>,
    /// Nothing, until one is switched or comes with a plugin.
    static_keys: Vec<static_keys::KeysOfObject>,
    calibration: Option<Calibration>,
    trust: Trust,
    /// The sites' lives, in the default mode.
    auto: Option<Box<auto::Auto>>,
    /// The plan that decides, if one was given.
    follows: Option<Box<auto::Follows>>,
    /// While a workload is tuned.
    tuning: Option<Box<tuning::Tuning>>,
    /// What was wrong with the plan that the environment names.
    pub(crate) plan_error: Option<String>,
    /// What the next pass is to go on with.
    resumed: Vec<resumed::Resumed>,
    /// Profiles that are in no window, ready for the next one.
    spare: Vec<&'static Profile>,
    pub(crate) passes: u64,
    /// What is to be told when the lock is given back.
    #[cfg(feature = "tracing")]
    events: Vec<crate::events::Event>,
    /// It was told what cannot be done here.
    #[cfg(feature = "tracing")]
    pub(crate) introduced: bool,
    #[cfg(plugins)]
    pub(crate) plugins: crate::library::Plugins,
}

/// Whether code can be patched.
pub(crate) enum Patching {
    Works(Box<Publisher>),
    /// It did, and then a step was refused. What was published stays.
    Failed {
        reason: String,
        publisher: Box<Publisher>,
    },
    Unavailable {
        reason: String,
    },
}

impl Patching {
    /// `environment` is the mode that the environment asks for. It cannot change
    /// and decides over everything, so where it says off nothing is tried out.
    fn start(environment: Option<Mode>) -> Self {
        if environment == Some(Mode::Off) {
            return Patching::Unavailable {
                reason: "`STATIC_CALL=off` is in the environment".to_owned(),
            };
        }
        if cfg!(feature = "patching") && (!crate::site::TRAMPOLINES || !arch::SUPPORTED) {
            return Patching::Unavailable {
                reason: format!(
                    "call sites have no trampolines on {} {}",
                    std::env::consts::OS,
                    std::env::consts::ARCH
                ),
            };
        }
        if crate::site::TRAMPOLINES
            && let Err(reason) = crate::selfcheck::objects_are_data_then_vtable()
        {
            return Patching::Unavailable {
                reason: reason.to_owned(),
            };
        }
        if os::objects::was_rewritten(emptied as *const () as usize) {
            return Patching::Unavailable {
                reason: REWRITTEN.to_owned(),
            };
        }
        match os::code_memory() {
            Ok(memory) => {
                let mut publisher = Publisher::new(memory);
                if let Some(room) = os::room::claim() {
                    // SAFETY: claimed, which nobody else can. The object that holds this
                    // runtime is never unloaded.
                    unsafe { publisher.add_room(room, None) };
                }
                Patching::Works(Box::new(publisher))
            }
            Err(unavailable) => Patching::Unavailable {
                reason: unavailable.reason,
            },
        }
    }

    fn publisher(&mut self) -> Option<&mut Publisher> {
        match self {
            Patching::Works(publisher) => Some(publisher),
            Patching::Failed { .. } | Patching::Unavailable { .. } => None,
        }
    }

    /// Why chains have no names that were asked for.
    pub(crate) fn naming_error(&self) -> Option<String> {
        match self {
            Patching::Works(publisher) | Patching::Failed { publisher, .. } => {
                publisher.naming_error().map(str::to_owned)
            }
            Patching::Unavailable { .. } => None,
        }
    }

    /// After a refused step: what is published stays, nothing new is.
    fn fail(&mut self, reason: String) {
        let now = std::mem::replace(
            self,
            Patching::Unavailable {
                reason: String::new(),
            },
        );
        *self = match now {
            Patching::Works(publisher) | Patching::Failed { publisher, .. } => {
                Patching::Failed { reason, publisher }
            }
            unavailable @ Patching::Unavailable { .. } => unavailable,
        };
    }
}

/// What records say of an object's code is true of code that does not run any more.
pub(crate) const REWRITTEN: &str = "its code was moved after it was linked, as by BOLT";

/// The program or a plugin, as far as it uses this crate.
pub(crate) struct LoadedObject {
    pub(crate) sites: &'static [Site],
    pub(crate) declarations: &'static [TraitDeclaration],
    pub(crate) implementations: Vec<Implementation>,
    /// Where the sites' keys and trampolines are.
    pub(crate) placed: Placed,
    /// One for each site, once a pass has looked at it.
    pub(crate) details: Vec<Option<Box<Details>>>,
    /// Which plugin it is; [`None`] for the object that holds this runtime.
    pub(crate) plugin: Option<u64>,
    /// Whether it was built to be patched.
    pub(crate) patches: bool,
}

impl LoadedObject {
    pub(crate) fn new(
        sites: &'static [Site],
        placed: Placed,
        declarations: &'static [TraitDeclaration],
        implementations: &'static [RegisteredImplementation],
        plugin: Option<u64>,
    ) -> Self {
        LoadedObject {
            sites,
            placed,
            declarations,
            implementations: implementations
                .iter()
                .map(RegisteredImplementation::get)
                .collect(),
            details: sites.iter().map(|_| None).collect(),
            plugin,
            patches: crate::site::TRAMPOLINES,
        }
    }

    /// What is known of a site.
    pub(crate) fn details_of(&mut self, index: usize) -> &mut Details {
        let (site, placed) = (&self.sites[index], &self.placed);
        self.details[index].get_or_insert_with(|| {
            let (paths, keys) = (placed.paths_of(index), placed.keys_of(index));
            Box::new(Details::new(site, paths, keys))
        })
    }

    /// A plugin, all of whose parts were found inside it.
    #[cfg(plugins)]
    pub(crate) fn of_plugin(
        sites: &'static [Site],
        placed: Placed,
        declarations: &'static [TraitDeclaration],
        implementations: Vec<Implementation>,
        plugin: u64,
    ) -> Self {
        LoadedObject {
            implementations,
            ..LoadedObject::new(sites, placed, declarations, &[], Some(plugin))
        }
    }
}

impl Engine {
    /// `own` is what [`trust::keep_own`] has kept.
    fn new(own: Option<Range<usize>>) -> Self {
        let environment = std::env::var_os("STATIC_CALL")
            .map(|value| value.to_string_lossy().into_owned().parse::<Mode>());
        let patching = Patching::start(environment.clone().and_then(Result::ok));
        let mut routes = Vec::new();
        let bindings = bindings::of_object(
            &STATIC_CALL_BINDINGS_0_1_0,
            crate::bound::trampolines(),
            None,
            &mut routes,
        );
        Engine {
            config: Config::default(),
            environment,
            patching,
            objects: vec![LoadedObject::new(
                &STATIC_CALL_SITES_0_1_0,
                Placed::new(
                    &STATIC_CALL_SITES_0_1_0,
                    crate::key::keys(),
                    crate::key::trampolines(),
                ),
                &STATIC_CALL_DECLARATIONS_0_1_0,
                &STATIC_CALL_IMPLEMENTATIONS_0_1_0,
                None,
            )],
            bindings,
            routes,
            static_keys: Vec::new(),
            calibration: None,
            trust: Trust::start(own),
            auto: None,
            follows: None,
            plan_error: None,
            tuning: None,
            resumed: Vec::new(),
            spare: Vec::new(),
            passes: 0,
            #[cfg(feature = "tracing")]
            events: Vec::new(),
            #[cfg(feature = "tracing")]
            introduced: false,
            #[cfg(plugins)]
            plugins: crate::library::Plugins::default(),
        }
    }

    pub(crate) fn configure(&mut self, config: Config) -> Result<(), ConfigError> {
        config.check()?;
        let before = self.mode();
        self.config = config;
        if self.mode() != before {
            self.wake(|_| true);
            let details = self
                .objects
                .iter_mut()
                .flat_map(|object| &mut object.details);
            details.flatten().for_each(|details| details.review = true);
        }
        Ok(())
    }

    /// The mode in force.
    pub(crate) fn mode(&self) -> Mode {
        match &self.environment {
            Some(Ok(mode)) => *mode,
            _ => self.config.mode,
        }
    }

    /// What is wrong with the environment, for the report.
    pub(crate) fn environment_error(&self) -> Option<&ConfigError> {
        self.environment.as_ref()?.as_ref().err()
    }

    /// The plugin that lies at this address.
    pub(crate) fn plugin_at(&self, address: usize) -> Option<u64> {
        self.trust.plugin_at(address)
    }

    pub(crate) fn calibration(&self) -> Option<Calibration> {
        self.calibration
    }

    /// Adds an implementation that the program registers itself.
    pub(crate) fn register(&mut self, implementation: Implementation) {
        let declaration = implementation.table().declaration();
        let known = self.objects.iter().any(|object| {
            object
                .implementations
                .iter()
                .any(|known| known.vtable() == implementation.vtable())
        });
        if !known {
            self.objects[0].implementations.push(implementation);
            self.wake(|other| other.is_same(declaration));
        }
    }

    /// Whether a plugin that nobody has any more stays: from now on, if it is still there.
    pub(crate) fn let_stay(&mut self, plugin: u64) -> bool {
        if self.objects.iter().any(|one| one.plugin == Some(plugin)) {
            self.trust.keep_plugin(plugin);
        }
        self.trust.keeps_plugin(plugin)
    }

    /// Adds a plugin's object, which lies in `range`, with a room for chains in it.
    ///
    /// # Safety
    /// The records of its bindings and their trampolines lie in the plugin, whole, and the
    /// room as well, which nobody uses. The bindings' leaders are those of
    /// [`leaders`](Self::leaders).
    #[cfg(plugins)]
    pub(crate) unsafe fn add_plugin(
        &mut self,
        object: LoadedObject,
        (bindings, trampolines, leaders): (
            &'static [BindingRecord],
            &'static [TrampolineOfBinding],
            &[Option<&'static BindingRecord>],
        ),
        plugin: u64,
        range: Range<usize>,
        room: Option<Range<usize>>,
    ) {
        let declarations = object.declarations;
        if let (Some(publisher), Some(room)) = (self.patching.publisher(), room) {
            // SAFETY: the caller's; the plugin stays until `remove_object`.
            unsafe { publisher.add_room(room, Some(range.clone())) };
        }
        self.trust.add_plugin(plugin, range);
        self.objects.push(object);
        // SAFETY: the caller's.
        unsafe { self.add_bindings(bindings, trampolines, plugin, leaders) };
        self.wake(|other| declarations.iter().any(|new| new.is_same(other)));
    }

    /// Ends the rest of every site whose trait `concerned` holds for: the next
    /// pass opens a window there.
    fn wake(&mut self, concerned: impl Fn(&TraitDeclaration) -> bool) {
        let details = self
            .objects
            .iter_mut()
            .flat_map(|object| &mut object.details);
        for details in details.flatten() {
            let declaration = details.route.map(|route| route.declaration);
            let rests = matches!(details.status, Status::Resting(_));
            if rests && declaration.is_some_and(&concerned) {
                details.wait = 0;
                details.interval = state::FIRST_INTERVAL;
            }
        }
    }

    /// The calibration, measured on first use.
    pub(crate) fn calibrated(&mut self) -> Calibration {
        let Engine {
            calibration,
            patching,
            ..
        } = self;
        *calibration.get_or_insert_with(|| crate::calibrate::measure(patching.publisher()))
    }
}

//! What the runtime tells `tracing`: one event for each decision, refusal and plugin.
//!
//! A subscriber is code of somebody else's, which may make static calls, re-plan, swap
//! bindings and load plugins. So whoever holds a lock of the runtime's notes its events with
//! the engine, which has them handed on ([`emit`]) by the same thread after it has given all
//! of them back. What happens in a subscriber is not told: it could go on for ever. Calls tell
//! nothing; what a calling thread has switched off is told by the next pass.

use std::cell::Cell;
use std::path::PathBuf;

use tracing::Level;
use tracing::level_filters::LevelFilter;

/// Something to tell.
pub(crate) enum Event {
    /// Guards, a chain or both are on at a site from here on.
    Applied {
        site: SiteName,
        plan: &'static str,
        types: String,
        why: String,
    },
    /// And here nothing is, for this reason.
    Plain {
        site: SiteName,
        what: &'static str,
        why: String,
    },
    /// Windows were opened.
    Learning { sites: usize },
    /// The system refused a step: nothing new is published.
    Refused { why: String },
    /// Code cannot be patched here.
    Portable { why: String },
    /// What this variable of the environment asks for cannot be had.
    Environment { variable: &'static str, why: String },
    /// A plan that was measured before decides from here on.
    Followed {
        source: Option<String>,
        program: String,
        entries: usize,
    },
    PluginLoaded {
        path: PathBuf,
        plugin: u64,
        sites: usize,
    },
    /// `kept` if its library could not be closed.
    PluginUnloaded {
        path: PathBuf,
        plugin: u64,
        kept: bool,
    },
}

/// How a site is called in events.
pub(crate) struct SiteName {
    pub(crate) location: String,
    pub(crate) method: String,
    pub(crate) plugin: Option<u64>,
}

impl Event {
    /// Problems that somebody should see, plugins as they come and go, what sites do, and
    /// what is only looked at.
    pub(crate) fn level(&self) -> Level {
        match self {
            Event::Refused { .. }
            | Event::Environment { .. }
            | Event::PluginUnloaded { kept: true, .. } => Level::WARN,
            Event::PluginLoaded { .. }
            | Event::PluginUnloaded { .. }
            | Event::Portable { .. }
            | Event::Followed { .. } => Level::INFO,
            Event::Applied { .. } | Event::Plain { .. } => Level::DEBUG,
            Event::Learning { .. } => Level::TRACE,
        }
    }

    fn emit(self) {
        const TARGET: &str = "static_call";
        match self {
            Event::Applied {
                site,
                plan,
                types,
                why,
            } => tracing::debug!(
                target: TARGET,
                site = site.location,
                method = site.method,
                plugin = site.plugin,
                plan,
                types,
                why,
                "a plan is on"
            ),
            Event::Plain { site, what, why } => tracing::debug!(
                target: TARGET,
                site = site.location,
                method = site.method,
                plugin = site.plugin,
                why,
                "{what}"
            ),
            Event::Learning { sites } => {
                tracing::trace!(target: TARGET, sites, "windows are opened");
            }
            Event::Refused { why } => tracing::warn!(
                target: TARGET,
                why,
                "code cannot be patched: nothing new is published"
            ),
            Event::Portable { why } => {
                tracing::info!(target: TARGET, why, "no call is patched");
            }
            Event::Environment { variable, why } => {
                tracing::warn!(target: TARGET, why, "`{variable}` is ignored");
            }
            Event::Followed {
                source,
                program,
                entries,
            } => tracing::info!(
                target: TARGET,
                source,
                program,
                entries,
                "a measured plan decides"
            ),
            Event::PluginLoaded {
                path,
                plugin,
                sites,
            } => tracing::info!(
                target: TARGET,
                path = %path.display(),
                plugin,
                sites,
                "a plugin is loaded"
            ),
            Event::PluginUnloaded {
                path,
                plugin,
                kept: false,
            } => tracing::info!(
                target: TARGET,
                path = %path.display(),
                plugin,
                "a plugin is unloaded"
            ),
            Event::PluginUnloaded { path, plugin, .. } => tracing::warn!(
                target: TARGET,
                path = %path.display(),
                plugin,
                "a plugin is let go, and its library stays loaded"
            ),
        }
    }
}

thread_local! {
    /// Whether this thread is in a subscriber.
    static TELLS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a subscriber.
pub(crate) fn is_telling() -> bool {
    TELLS.get()
}

/// Whether anybody listens on this level. Asks no subscriber.
pub(crate) fn listens(level: Level) -> bool {
    LevelFilter::current() >= level && !TELLS.get()
}

/// Tells them, by a thread that holds no lock.
pub(crate) fn emit(events: Vec<Event>) {
    let _told = Told(TELLS.replace(true));
    events.into_iter().for_each(Event::emit);
}

/// Ends the telling also where a subscriber panics.
struct Told(bool);

impl Drop for Told {
    fn drop(&mut self) {
        TELLS.set(self.0);
    }
}

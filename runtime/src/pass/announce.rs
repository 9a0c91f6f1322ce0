//! What became of sites in a pass, for `tracing`.

use crate::config::Mode;
use crate::engine::{Engine, News, Patching, Retarget, Said};
use crate::events::{Event, SiteName, listens};
use crate::report::{Backend, SiteReport};
use crate::site::TRAMPOLINES;

/// Notes what a pass has done, to be told when the lock is given back.
pub(super) fn announce(engine: &mut Engine, outcome: Option<Retarget>) {
    if !engine.introduced && engine.mode() != Mode::Off {
        engine.introduced = true;
        if let Some(error) = engine.environment_error() {
            let why = error.to_string();
            engine.tell(Event::Environment {
                variable: "STATIC_CALL",
                why,
            });
        }
        if let Patching::Unavailable { reason } = &engine.patching {
            let why = reason.clone();
            engine.tell(if TRAMPOLINES {
                Event::Refused { why }
            } else {
                Event::Portable { why }
            });
        }
    }
    if let Some(outcome) = outcome
        && outcome.reopened > 0
    {
        engine.tell(Event::Learning {
            sites: outcome.reopened,
        });
    }
    if !listens(tracing::Level::DEBUG) {
        return;
    }
    let backend = Backend::of(engine).name();
    let events = engine.news(|news| {
        let News {
            site,
            details,
            plugin,
            says,
            was_on,
        } = *news;
        let row = SiteReport::of(site, Some(details), plugin, backend);
        let (method, types, why) = (row.full_method(), row.types(), row.why);
        let site = SiteName {
            location: row.location,
            method,
            plugin,
        };
        match says {
            Said::On(_) => Event::Applied {
                site,
                plan: row.state.name(),
                types,
                why,
            },
            _ => Event::Plain {
                site,
                what: match says {
                    Said::Unpatchable => "a call cannot be patched",
                    _ if was_on => "a plan is off",
                    _ => "a call is left plain",
                },
                why,
            },
        }
    });
    for event in events {
        engine.tell(event);
    }
}

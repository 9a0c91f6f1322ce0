//! What every binding does.

use super::{Backend, State};
use crate::config::Mode;
use crate::engine::BoundBinding;

/// One binding.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct BindingReport {
    /// The static's name.
    pub name: String,
    /// Where it stands: file, line, column.
    pub location: String,
    /// The trait.
    pub trait_name: String,
    /// Which plugin this copy lies in, if in one.
    pub plugin: Option<u64>,
    /// `Patched` where calls are direct, `Plain` where they load what is bound, `Idle`
    /// where nothing calls it through a trampoline.
    pub state: State,
    /// Why.
    pub why: String,
    /// The bound type's name; [`None`] if nothing is bound, or was made yet.
    pub bound: Option<String>,
    /// Its trampolines: one for each annotated method, in each crate that calls it.
    pub trampolines: usize,
    /// Times that something else was bound.
    pub swaps: u64,
}

const NOT_MADE: &str = "not made yet: until the `retarget()` after its first use";
const NEXT_PASS: &str = "until the next `retarget()`";

impl BindingReport {
    /// Whether the next pass leads its calls to what is bound.
    pub(super) fn waits(&self) -> bool {
        self.why == NEXT_PASS
    }

    pub(super) fn of(
        binding: &BoundBinding,
        backend: &Backend,
        mode: Mode,
        another_build: Option<&'static str>,
    ) -> Self {
        let record = binding.record;
        let trampolines = binding.trampolines.len();
        let patched = binding.trampolines.iter().filter(|one| one.is_patched());
        let patched = patched.count();
        // Without trampolines in the build nobody knows who calls.
        let (state, why) = if (record.declaration)().methods().is_empty() {
            let why = "no method has `#[static_dispatch]`: every call goes by the vtable";
            (State::Idle, why.to_owned())
        } else if let Some(why) = another_build {
            (State::Plain, why.to_owned())
        } else if trampolines == 0 && crate::site::TRAMPOLINES {
            (State::Idle, "no annotated method is called".to_owned())
        } else if trampolines > 0 && patched == trampolines {
            let why = "every annotated method is a direct call";
            (State::Patched, why.to_owned())
        } else if let Some(why) = &binding.unpatchable {
            (State::Plain, why.clone())
        } else if let Backend::Portable { reason } = backend {
            (State::Plain, reason.clone())
        } else if mode == Mode::Off {
            (State::Plain, "switched off".to_owned())
        } else if record.object().is_none() && !record.may_be_unbound {
            (State::Plain, NOT_MADE.to_owned())
        } else {
            (State::Plain, NEXT_PASS.to_owned())
        };
        BindingReport {
            name: record.name.to_owned(),
            location: format!("{}:{}:{}", record.file, record.line, record.column),
            trait_name: (record.declaration)().name().to_owned(),
            plugin: binding.plugin,
            state,
            why,
            bound: record
                .object()
                .map(|object| object.table.type_name().to_owned()),
            trampolines,
            swaps: binding.swaps,
        }
    }
}

//! The ways from a binding's record into its typed part.

use crate::bound::{BindingIdentity, BindingRecord, Kind, look};
use crate::registry::TraitObject;
use crate::site::BindingSite;

impl BindingRecord {
    /// For the expansion of `binding!`.
    pub const fn new<S: BindingSite<Object: TraitObject>>(
        name: &'static str,
        module: &'static str,
        crate_version: Option<&'static str>,
        (file, line, column): (&'static str, u32, u32),
    ) -> Self {
        BindingRecord {
            name,
            module,
            crate_version,
            file,
            line,
            column,
            identity: BindingIdentity::of::<S, S::Object>,
            declaration: <S::Object as TraitObject>::__declaration,
            may_be_unbound: <S::Kind as Kind>::MAY_BE_UNBOUND,
            cell: || S::binding().cell(),
            look: look::<S::Object>,
            concern: |plugin, range| S::binding().concern(plugin, range),
            // SAFETY: the caller's contract is `let_go`'s.
            let_go: |plugin| unsafe { S::binding().let_go(plugin) },
        }
    }
}

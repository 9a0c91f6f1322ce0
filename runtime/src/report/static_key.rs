//! What every static key is.

use crate::engine::KnownKey;

/// One static key.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StaticKeyReport {
    /// The static's name.
    pub name: String,
    /// Where it stands: file, line, column.
    pub location: String,
    /// Which plugin this copy lies in, if in one. It is what the program's is, if that has it.
    pub plugin: Option<u64>,
    /// Whether it is on: switched on, or held.
    pub on: bool,
    /// Whether it is switched on: by its declaration, or by `enable()`.
    pub switched: bool,
    /// How many hold it: calls of `acquire()` without their `release()`.
    pub holders: usize,
    /// Instructions in this loaded object that are patched with it; none where nothing is.
    pub places: usize,
}

impl StaticKeyReport {
    pub(super) fn of(known: &KnownKey) -> Self {
        let record = known.record;
        let (switched, holders) = record.state.switched_and_holders();
        StaticKeyReport {
            name: record.name.to_owned(),
            location: format!("{}:{}:{}", record.file, record.line, record.column),
            plugin: known.plugin,
            on: switched || holders > 0,
            switched,
            holders,
            places: known.places,
        }
    }
}

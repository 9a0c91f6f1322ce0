//! From what a window noted to what the planner may use, and to names for the
//! report.

use std::collections::HashMap;

use super::LoadedObject;
use super::state::Published;
use super::trust::Trust;
use crate::arch::Target;
use crate::plan::Candidate;
use crate::profile::Notes;
use crate::registry::{Table, TraitDeclaration};

/// Types' names by vtable; a site has a handful.
pub(super) type Names = Vec<(usize, &'static str)>;

/// The registered implementations of each trait.
pub(super) type Registered = HashMap<*const TraitDeclaration, Vec<(Target, &'static Table)>>;

/// All registered implementations by trait, each with a target whose shim is
/// still to be chosen.
pub(super) fn registered_shims(objects: &[LoadedObject]) -> Registered {
    let declarations = objects.iter().flat_map(|object| object.declarations);
    declarations
        .map(|declaration| {
            let implementations = objects.iter().flat_map(|object| &object.implementations);
            let of_trait = implementations
                .filter(|implementation| implementation.table().declaration().is_same(declaration))
                .map(|implementation| {
                    let target = Target {
                        vtable: implementation.vtable(),
                        shim: 0,
                    };
                    (target, implementation.table())
                })
                .collect();
            (core::ptr::from_ref(declaration), of_trait)
        })
        .collect()
}

/// The registered implementations of one method of a trait.
pub(super) fn registered_targets(
    registered: &Registered,
    declaration: &'static TraitDeclaration,
    method: usize,
    names: &mut Names,
) -> Vec<Target> {
    let of_trait = registered.get(&core::ptr::from_ref(declaration));
    let implementations = of_trait.map_or(&[][..], Vec::as_slice).iter();
    implementations
        .filter_map(|(target, table)| {
            names.push((target.vtable, table.type_name()));
            Some(Target {
                shim: table.shim(method)?,
                ..*target
            })
        })
        .collect()
}

/// What a window saw, as far as it may be learned, with the types' names.
pub(super) fn candidates(
    notes: &Notes,
    declaration: &TraitDeclaration,
    method: usize,
    unloads: u64,
    trust: &mut Trust,
    names: &mut Names,
) -> Vec<Candidate> {
    let mut found = Vec::with_capacity(notes.seen().count());
    names.reserve(found.capacity());
    for seen in notes.seen() {
        if !trust.stays(seen.vtable, unloads) || !trust.stays(seen.table.addr(), unloads) {
            continue;
        }
        // SAFETY: the table's object is loaded and stays: `trust` has just said so.
        let table: &'static Table = unsafe { &*seen.table };
        if !table.declaration().is_same(declaration) {
            continue;
        }
        if let Some(shim) = table.shim(method) {
            names.push((seen.vtable, table.type_name()));
            found.push(Candidate {
                target: Target {
                    vtable: seen.vtable,
                    shim,
                },
                count: seen.count,
            });
        }
    }
    found
}

/// The chain first, then what else was seen, for the report.
pub(super) fn shown(
    seen: &[Candidate],
    samples: u32,
    chain: &[Target],
    names: &Names,
) -> Vec<Published> {
    let name = |vtable| {
        let mut known = names.iter().filter(|(known, _)| *known == vtable);
        known.next().map_or("?", |(_, name)| *name)
    };
    let mut rest: Vec<_> = seen
        .iter()
        .filter(|candidate| !chain.contains(&candidate.target))
        .collect();
    rest.sort_by_key(|candidate| std::cmp::Reverse(candidate.count));
    #[allow(
        clippy::cast_precision_loss,
        reason = "windows are far below 2^24 calls"
    )]
    let share = |count: u32| Some(count as f32 / samples.max(1) as f32);
    let in_chain = chain.iter().map(|target| Published {
        target: *target,
        type_name: name(target.vtable),
        share: seen
            .iter()
            .find(|candidate| candidate.target == *target)
            .and_then(|candidate| share(candidate.count)),
        in_chain: true,
    });
    let others = rest.into_iter().map(|candidate| Published {
        target: candidate.target,
        type_name: name(candidate.target.vtable),
        share: share(candidate.count),
        in_chain: false,
    });
    let mut shown = Vec::with_capacity(chain.len() + seen.len());
    shown.extend(in_chain.chain(others));
    shown
}

/// The same, nothing of it in the chain.
pub(super) fn without_chain(mut shown: Vec<Published>) -> Vec<Published> {
    for one in &mut shown {
        one.in_chain = false;
    }
    shown
}

//! From what a window noted to what the planner may use, and to names for the
//! report.

use std::collections::HashMap;

use super::LoadedObject;
use super::state::{Details, Published};
use super::trust::{Trust, Trusted};
use crate::arch::Target;
use crate::plan::{Candidate, Plan};
use crate::profile::Notes;
use crate::registry::{Table, TraitDeclaration};
use crate::site::Route;

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
    route: &Route,
    names: &mut Names,
) -> Vec<Target> {
    let of_trait = registered.get(&core::ptr::from_ref(route.declaration));
    let implementations = of_trait.map_or(&[][..], Vec::as_slice).iter();
    implementations
        .filter_map(|(target, table)| {
            names.push((target.vtable, table.type_name()));
            Some(Target {
                shim: table.shim(route.method)?,
                ..*target
            })
        })
        .collect()
}

/// What a window saw, as far as it may be learned, with the types' names. Nothing, if
/// something came in since the strangers were looked for.
pub(super) fn candidates(
    notes: &Notes,
    route: &Route,
    details: &Details,
    unloads: u64,
    trust: &Trust,
    names: &mut Names,
) -> Option<Vec<Candidate>> {
    let mut found = Vec::with_capacity(notes.seen().count());
    names.reserve(found.capacity());
    for seen in notes.seen() {
        let vtable = trust.stays(seen.vtable, unloads);
        let table = trust.stays(seen.table.addr(), unloads);
        if [vtable, table].contains(&Trusted::NotYet) {
            return None;
        }
        if [vtable, table].contains(&Trusted::No) {
            continue;
        }
        // SAFETY: the table's object is loaded and stays: `trust` has just said so.
        let table: &'static Table = unsafe { &*seen.table };
        if !table.declaration().is_same(route.declaration) {
            continue;
        }
        if let Some(shim) = table.shim(route.method) {
            names.push((seen.vtable, table.type_name()));
            found.push(Candidate {
                target: Target {
                    vtable: seen.vtable,
                    shim,
                },
                count: seen.count,
                // Only what was linked together with the list agrees with it about layouts.
                key: details.position_of(table),
            });
        }
    }
    Some(found)
}

/// What is published first, then what else was seen, for the report.
pub(super) fn shown(
    seen: &[Candidate],
    samples: u32,
    plan: &Plan,
    names: &Names,
) -> Vec<Published> {
    let name = |vtable| {
        let mut known = names.iter().filter(|(known, _)| *known == vtable);
        known.next().map_or("?", |(_, name)| *name)
    };
    #[allow(
        clippy::cast_precision_loss,
        reason = "windows are far below 2^24 calls"
    )]
    let share = |target: &Target| {
        let seen = seen.iter().find(|candidate| candidate.target == *target)?;
        Some(seen.count as f32 / samples.max(1) as f32)
    };
    let show = |target: &Target, in_chain, guard| Published {
        target: *target,
        type_name: name(target.vtable),
        share: share(target),
        in_chain,
        guard,
    };
    let guards = plan.guards.iter();
    let mut shown = Vec::with_capacity(plan.guards.len() + plan.chain.len() + seen.len());
    shown.extend(guards.map(|guard| show(&guard.target, false, Some(guard.key))));
    shown.extend(plan.chain.iter().map(|target| show(target, true, None)));
    let published = shown.len();
    let mut rest: Vec<_> = seen
        .iter()
        .filter(|candidate| {
            !shown[..published]
                .iter()
                .any(|one| one.target == candidate.target)
        })
        .collect();
    rest.sort_by_key(|candidate| std::cmp::Reverse(candidate.count));
    let rest = rest.into_iter();
    let rest: Vec<_> = rest
        .map(|candidate| show(&candidate.target, false, None))
        .collect();
    shown.extend(rest);
    shown
}

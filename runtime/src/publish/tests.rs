//! The publisher's books, over memory that only pretends.

#[cfg(patched)]
mod growth;
mod keys;
#[cfg(patched)]
// The page shows x86-64's instructions.
#[cfg(target_arch = "x86_64")]
mod page;
#[cfg(patched)]
mod receivers;
mod rooms;

use std::collections::HashSet;

use super::*;
use crate::arch::REACH;
use crate::os::{self, Refusing};
use crate::registry::{MethodDeclaration, TraitDeclaration};
use crate::site::Route;

static METHODS: [MethodDeclaration; 1] = [MethodDeclaration::new("run", 2, 0)];
// SAFETY: of no trait, and in no slice.
static DECLARATION: TraitDeclaration =
    unsafe { TraitDeclaration::new("Run", "tests", None, 0, &METHODS) };

/// Bytes where a trampoline could be.
#[repr(C, align(64))]
struct Bytes([u8; TRAMPOLINE_BYTES]);

/// A trampoline at rest in data: nobody executes it.
fn at_rest() -> Trampoline {
    let bytes = Box::leak(Box::new(Bytes(breakpoints())));
    let at = core::ptr::from_ref(bytes).addr();
    let fallback = at + 0x1000;
    let head = arch::head_jump(at, fallback).unwrap();
    bytes.0[..HEAD_BYTES].copy_from_slice(&head);
    trampoline(at, fallback)
}

/// What is never executed.
fn breakpoints<const N: usize>() -> [u8; N] {
    std::array::from_fn(|index| arch::BREAKPOINTS[index % arch::BREAKPOINTS.len()])
}

/// Something else where a trampoline should be.
fn foreign() -> Trampoline {
    let bytes = Box::leak(Box::new(Bytes([0x90; TRAMPOLINE_BYTES])));
    let at = core::ptr::from_ref(bytes).addr();
    trampoline(at, at + 0x1000)
}

fn trampoline(at: usize, fallback: usize) -> Trampoline {
    let fallback = std::ptr::without_provenance(fallback);
    let route = Box::leak(Box::new(Route::without_guards(
        &DECLARATION,
        0,
        fallback,
        fallback,
    )));
    Trampoline::new(Path {
        route,
        trampoline: at,
    })
}

/// Targets near `trampoline`, of which three fit into its body.
fn targets(trampoline: &Trampoline, numbers: &[usize]) -> Vec<Target> {
    let near = trampoline.at();
    let target = |&n: &usize| Target {
        vtable: near + 0x4_0000 + n * 0x40,
        shim: near + 0x8_0000 + n * 0x10,
    };
    numbers.iter().map(target).collect()
}

fn publisher(memory: Refusing) -> Publisher {
    Publisher::new(Box::new(memory))
}

/// Prepares and commits one trampoline, and flips its head in the books.
fn publish(publisher: &mut Publisher, trampoline: &mut Trampoline, targets: &[Target]) -> Head {
    let mut batch = Batch::default();
    let head = publisher
        .prepare(trampoline, Lead::Chain(targets), &mut batch)
        .unwrap();
    // SAFETY: the memory only pretends.
    unsafe { publisher.commit(&batch) }.unwrap();
    trampoline.head = head;
    head
}

#[test]
fn the_first_chain_goes_into_the_body_and_others_elsewhere() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let mut one = at_rest();
    let (a, b) = (targets(&one, &[1, 2]), targets(&one, &[2, 1]));
    assert_eq!(publish(&mut publisher, &mut one, &a), Head::Body);
    assert!(matches!(
        publish(&mut publisher, &mut one, &b),
        Head::Chain(_)
    ));
    assert_eq!(publish(&mut publisher, &mut one, &[]), Head::Rest);
    assert_eq!(publish(&mut publisher, &mut one, &a), Head::Body);
}

#[test]
fn a_chain_that_is_too_long_for_the_body_leaves_it_empty() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let mut one = at_rest();
    let (long, short) = (targets(&one, &[1, 2, 3, 4]), targets(&one, &[1]));
    assert!(matches!(
        publish(&mut publisher, &mut one, &long),
        Head::Chain(_)
    ));
    assert_eq!(publish(&mut publisher, &mut one, &short), Head::Body);
}

#[test]
fn alternating_between_plans_allocates_each_of_them_once() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let mut one = at_rest();
    let plans = [[1, 2], [3, 4], [5, 6]].map(|plan| targets(&one, &plan));
    let mut first = Vec::new();
    for round in 0..1000 {
        for (index, plan) in plans.iter().enumerate() {
            let head = publish(&mut publisher, &mut one, plan);
            if round == 0 {
                first.push(head);
            }
            assert_eq!(head, first[index]);
        }
    }
    assert_eq!(publisher.chains().0, 2);
    assert_eq!(publisher.arenas.counts(), (1, 0));
}

/// As [`publish`], for any lead.
fn publish_lead(publisher: &mut Publisher, trampoline: &mut Trampoline, lead: Lead<'_>) -> Head {
    let mut batch = Batch::default();
    let head = publisher.prepare(trampoline, lead, &mut batch).unwrap();
    // SAFETY: the memory only pretends.
    unsafe { publisher.commit(&batch) }.unwrap();
    trampoline.head = head;
    head
}

#[test]
fn bound_code_is_found_again_by_object_and_shim() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let mut one = at_rest();
    let shim = one.at() + 0x20_0000;
    let bound = |data| Lead::Bound(Bound { data, shim });
    assert_eq!(publish_lead(&mut publisher, &mut one, bound(1)), Head::Body);
    let two = publish_lead(&mut publisher, &mut one, bound(2));
    assert!(matches!(two, Head::Chain(_)), "{two:?}");
    for _ in 0..1000 {
        assert_eq!(publish_lead(&mut publisher, &mut one, bound(1)), Head::Body);
        assert_eq!(publish_lead(&mut publisher, &mut one, bound(2)), two);
    }
    assert_eq!(publisher.chains(), (1, arch::CHAIN_ALIGN));
}

/// A binding's copies in a host and in a plugin: each has the code near itself, and neither
/// makes the other's be written anew with every swap.
#[test]
fn code_that_is_needed_in_two_places_is_in_both_for_good() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let far_apart = [0x5000_0000_0000, 0x7000_0000_0000].map(|at| Trampoline {
        // Nobody looks at what is there.
        body: Body::Spoiled,
        ..trampoline(at, at + 0x1000)
    });
    let mut batches = 0;
    let mut copies = far_apart;
    for round in 0..100 {
        for data in [1, 2] {
            let shim = 0x5000_0020_0000;
            for copy in &mut copies {
                let mut batch = Batch::default();
                let bound = Lead::Bound(Bound { data, shim });
                copy.head = publisher.prepare(copy, bound, &mut batch).unwrap();
                assert!(matches!(copy.head, Head::Chain(at) if at.abs_diff(copy.at()) < REACH));
                batches += usize::from(!batch.code.is_empty());
                // SAFETY: the memory only pretends.
                unsafe { publisher.commit(&batch) }.unwrap();
            }
        }
        assert_eq!((batches, publisher.chains().0), (4, 4), "{round}");
    }
    // SAFETY: the memory only pretends; nobody is anywhere.
    unsafe { publisher.release(&HashSet::from([1])) };
    assert_eq!(publisher.chains(), (2, 2 * arch::CHAIN_ALIGN));
    assert_eq!(publisher.arenas.counts(), (2, 2));
}

#[test]
fn what_is_bound_to_nothing_returns_or_goes_to_its_function() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let mut one = at_rest();
    let function = one.at() + 0x20_0000;
    let returns = arch::head_return().map_or(Head::Body, Head::Return);
    let leads = [
        (Lead::Return, returns),
        (Lead::Function(function), Head::Function(function)),
        (Lead::Rest, Head::Rest),
    ];
    for (lead, head) in leads {
        assert_eq!(publish_lead(&mut publisher, &mut one, lead), head);
    }
    assert_eq!(publisher.chains(), (0, 0));
}

#[test]
fn the_places_of_released_code_are_used_again() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let mut one = at_rest();
    let shim = one.at() + 0x20_0000;
    let bound = |data| Lead::Bound(Bound { data, shim });
    publish_lead(&mut publisher, &mut one, bound(1));
    let mut places = HashSet::new();
    for data in 2..1000 {
        let Head::Chain(at) = publish_lead(&mut publisher, &mut one, bound(data)) else {
            panic!("the body is taken");
        };
        places.insert(at);
        // SAFETY: the memory only pretends; nobody is anywhere.
        unsafe {
            publisher.release(&HashSet::from([data - 1]));
            one.release(&HashSet::from([data - 1]));
        }
        if data == 2 {
            // The body was released with what was in it.
            assert_eq!(publish_lead(&mut publisher, &mut one, bound(0)), Head::Body);
        }
    }
    assert!(places.len() <= 2, "{} places", places.len());
    assert!(publisher.chains().0 <= 2);
}

#[test]
fn trampolines_with_different_fallbacks_share_no_chain() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let (mut one, mut other) = (at_rest(), at_rest());
    let plan = targets(&one, &[1, 2, 3, 4, 5]);
    for each in [&mut one, &mut other] {
        publish(&mut publisher, each, &plan);
    }
    assert_eq!(publisher.chains().0, 2);
}

#[test]
fn a_head_that_leads_there_already_is_not_written() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let mut one = at_rest();
    let plan = targets(&one, &[1]);
    publish(&mut publisher, &mut one, &plan);
    let mut batch = Batch::default();
    publisher
        .prepare(&mut one, Lead::Chain(&plan), &mut batch)
        .unwrap();
    assert!(batch.is_empty() && batch.code.is_empty());
}

#[test]
fn what_is_no_trampoline_is_refused() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let mut other = foreign();
    let plan = targets(&other, &[1]);
    let mut batch = Batch::default();
    assert!(matches!(
        publisher.prepare(&mut other, Lead::Chain(&plan), &mut batch),
        Err(PrepareError::Foreign { .. })
    ));
    assert!(batch.is_empty() && batch.code.is_empty());
}

#[test]
fn a_site_is_prepared_with_all_its_trampolines_or_not_at_all() {
    let mut publisher = publisher(Refusing::at("nothing"));
    // A neighbour's chain, prepared in the same batch.
    let mut neighbour = at_rest();
    let plan = targets(&neighbour, &[1, 2, 3, 4, 5]);
    let mut batch = Batch::default();
    publisher
        .prepare(&mut neighbour, Lead::Chain(&plan), &mut batch)
        .unwrap();
    let books = |publisher: &Publisher, batch: &Batch| {
        let Batch {
            code,
            heads,
            keys,
            new_chains,
        } = batch;
        (
            code.len(),
            heads.len() + keys.len(),
            new_chains.len(),
            publisher.chains().0,
        )
    };
    let before = books(&publisher, &batch);
    for long in [&[1_usize, 2][..], &[1, 2, 3, 4, 5, 6]] {
        let mut site = [at_rest(), at_rest(), foreign()];
        let plan = targets(&site[0], long);
        assert!(publisher.prepare_all(&mut site, &plan, &mut batch).is_err());
        assert_eq!(books(&publisher, &batch), before);
        assert!(site.iter().all(|one| matches!(one.body, Body::Empty)));
    }
}

#[test]
fn a_body_that_may_be_half_written_is_never_entered() {
    let mut one = at_rest();
    let plan = targets(&one, &[1, 2]);
    let mut failing = publisher(Refusing::at("mprotect"));
    let mut batch = Batch::default();
    failing
        .prepare(&mut one, Lead::Chain(&plan), &mut batch)
        .unwrap();
    // SAFETY: the memory only pretends.
    let error = unsafe { failing.commit(&batch) }.unwrap_err();
    assert_eq!(error.flipped_below, 0);
    one.spoil_unless_entered();
    let mut working = publisher(Refusing::at("nothing"));
    let head = publish(&mut working, &mut one, &plan);
    assert!(matches!(head, Head::Chain(_)), "{head:?}");
}

#[test]
fn a_body_that_is_in_use_survives_a_failed_commit() {
    let mut publisher = publisher(Refusing {
        after: 2,
        ..Refusing::at("mprotect")
    });
    let mut one = at_rest();
    let (plan, other) = (targets(&one, &[1, 2]), targets(&one, &[3]));
    publish(&mut publisher, &mut one, &plan);
    let mut batch = Batch::default();
    publisher
        .prepare(&mut one, Lead::Chain(&other), &mut batch)
        .unwrap();
    // SAFETY: the memory only pretends.
    unsafe { publisher.commit(&batch) }.unwrap_err();
    one.spoil_unless_entered();
    let mut batch = Batch::default();
    let again = publisher
        .prepare(&mut one, Lead::Chain(&plan), &mut batch)
        .unwrap();
    assert_eq!(again, Head::Body);
}

/// A library that somebody else keeps loaded is the same memory when it is loaded again.
#[test]
fn a_body_that_was_filled_in_a_plugins_earlier_life_is_not_filled_again() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let one = at_rest();
    let (at, fallback) = (one.at(), one.fallback());
    // One byte of a chain.
    // SAFETY: the trampoline is leaked data of this test.
    unsafe { ((at + HEAD_BYTES) as *mut u8).write_volatile(0x90) };
    let mut again = trampoline(at, fallback);
    let plan = targets(&again, &[1, 2]);
    let head = publish(&mut publisher, &mut again, &plan);
    assert!(matches!(head, Head::Chain(_)), "{head:?}");
    // Nor later, when its head leads elsewhere.
    let head = publish(&mut publisher, &mut again, &targets(&one, &[2]));
    assert!(matches!(head, Head::Chain(_)), "{head:?}");
}

#[test]
fn a_chain_that_was_not_written_is_forgotten() {
    let mut publisher = publisher(Refusing::at("mprotect"));
    let mut one = at_rest();
    let plan = targets(&one, &[1, 2, 3, 4, 5]);
    let mut batch = Batch::default();
    publisher
        .prepare(&mut one, Lead::Chain(&plan), &mut batch)
        .unwrap();
    assert_eq!(publisher.chains().0, 1);
    // SAFETY: the memory only pretends.
    unsafe { publisher.commit(&batch) }.unwrap_err();
    assert_eq!(publisher.chains().0, 0);
}

#[test]
fn a_body_is_filled_while_the_head_leads_to_a_chain_elsewhere() {
    // A site was taken for foreign: its head was not at rest, and its body empty.
    let mut publisher = publisher(Refusing::at("nothing"));
    let mut trampoline = at_rest();
    let long = targets(&trampoline, &[0, 1, 2, 3, 4, 5, 6, 7]);
    let head = publish(&mut publisher, &mut trampoline, &long);
    let Head::Chain(chain) = head else {
        panic!("eight targets do not fit into a body: {head:?}")
    };
    let at = trampoline.at();
    let bytes = arch::head_jump(at, chain).unwrap();
    // SAFETY: the trampoline is leaked data of this test.
    unsafe { (at as *mut [u8; HEAD_BYTES]).write_volatile(bytes) };
    let short = targets(&trampoline, &[0, 1]);
    assert_eq!(publish(&mut publisher, &mut trampoline, &short), Head::Body);
}

#[test]
fn no_chain_leads_to_what_is_not_code_of_a_loaded_object() {
    let Ok(memory) = os::code_memory() else {
        return;
    };
    let mut publisher = Publisher::new(memory);
    let code = publish as *const () as usize;
    let data = Box::leak(Box::new(Bytes([0xC3; TRAMPOLINE_BYTES])));
    let data = core::ptr::from_ref(data).addr();
    let prepare = |publisher: &mut Publisher, [at, fallback, shim]: [usize; 3]| {
        let mut batch = Batch::default();
        let target = Target { vtable: 1, shim };
        let prepared = publisher.prepare(
            &mut trampoline(at, fallback),
            Lead::Chain(&[target]),
            &mut batch,
        );
        assert!(batch.is_empty() && batch.code.is_empty());
        prepared.expect_err("there is no trampoline")
    };
    for wrong in 0..3 {
        let mut addresses = [code.next_multiple_of(TRAMPOLINE_BYTES), code, code];
        for at in [data, 0, usize::MAX] {
            addresses[wrong] = at;
            let error = prepare(&mut publisher, addresses);
            assert!(
                matches!(error, PrepareError::NotCode { at: named } if named == at),
                "{error:?}"
            );
        }
    }
    // And what is code goes on to the next check.
    let code = [code.next_multiple_of(TRAMPOLINE_BYTES), code, code];
    let error = prepare(&mut publisher, code);
    assert!(matches!(error, PrepareError::Foreign { .. }), "{error:?}");
}

/// Memory that only takes notes.
struct Noting(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl CodeMemory for Noting {
    fn exchange_whole(&mut self, _: usize) {}

    unsafe fn replace_again(&mut self, edit: &Edit<'_>) -> Result<(), PatchError> {
        // SAFETY: nothing is written.
        unsafe { self.replace(std::slice::from_ref(edit)) }
    }

    unsafe fn replace(&mut self, edits: &[Edit<'_>]) -> Result<(), PatchError> {
        let at = edits.iter().map(|edit| edit.at % TRAMPOLINE_BYTES);
        let heads = at.clone().filter(|&at| at == 0).count();
        let what = match (heads, at.count()) {
            (0, _) => "code",
            (heads, all) if heads == all => "heads",
            _ => "both at once",
        };
        self.0.lock().unwrap().push(what.to_owned());
        Ok(())
    }

    fn reserve_near(
        &mut self,
        near: Range<usize>,
        bytes: usize,
    ) -> Result<Range<usize>, PatchError> {
        // No chain there is where a head could be.
        let start = near.end.next_multiple_of(0x1000) + TRAMPOLINE_BYTES / 2;
        Ok(start..start + bytes)
    }

    unsafe fn keep_together(&mut self, _: Range<usize>) {}

    fn forget(&mut self, _: &Range<usize>) {}

    fn is_code(&mut self, _: usize) -> bool {
        true
    }

    fn barrier(&mut self) -> Result<(), PatchError> {
        self.0.lock().unwrap().push("barrier".to_owned());
        Ok(())
    }
}

#[test]
fn code_is_written_and_seen_by_all_before_a_head_leads_there() {
    let notes = std::sync::Arc::default();
    let mut publisher = Publisher::new(Box::new(Noting(std::sync::Arc::clone(&notes))));
    let steps = || std::mem::take(&mut *notes.lock().unwrap());
    let mut one = at_rest();
    // Into the body, to a chain elsewhere, and back to where there is nothing to write.
    for (plan, expected) in [
        (&[1, 2][..], &["code", "barrier", "heads", "barrier"][..]),
        (&[3], &["code", "barrier", "heads", "barrier"]),
        (&[1, 2], &["heads", "barrier"]),
        (&[], &["heads", "barrier"]),
    ] {
        let plan = targets(&one, plan);
        publish(&mut publisher, &mut one, &plan);
        assert_eq!(steps(), expected);
    }
    let data = one.at() + 0x30_0000;
    let bound = Lead::Bound(Bound {
        data,
        shim: one.at() + 0x20_0000,
    });
    publish_lead(&mut publisher, &mut one, bound);
    assert_eq!(steps(), ["code", "barrier", "heads", "barrier"]);
}

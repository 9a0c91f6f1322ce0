//! Chains for an even mix of four.
//!
//! Whatever a chain does, it ends at one of four places that the processor had to guess,
//! so that three of four guesses are wrong. What that alone takes is the difference
//! between the plain call's time on this mix and on one type.

use std::sync::atomic::{AtomicUsize, Ordering};

use static_call_bench_bodies::{Body, Kind0, Kind1, Kind2, Kind3};

use crate::{Loop, Mix, OBJECTS, assume, copies, vtable};

/// Known to no compiler, as a chain's.
static KEYS: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];

macro_rules! shims {
    ($($name:ident $kind:ident,)*) => {
        $(
            #[inline(never)]
            fn $name(object: &dyn Body, x: u64) -> u64 {
                // SAFETY: the key has said so.
                unsafe { assume::<$kind>(object) }.step(x)
            }
        )*
    };
}

shims! { first Kind0, second Kind1, third Kind2, fourth Kind3, }

fn key(index: usize) -> usize {
    KEYS[index].load(Ordering::Relaxed)
}

#[inline(never)]
fn linear(object: &dyn Body, x: u64) -> u64 {
    let vtable = vtable(object);
    if vtable == key(0) {
        first(object, x)
    } else if vtable == key(1) {
        second(object, x)
    } else if vtable == key(2) {
        third(object, x)
    } else if vtable == key(3) {
        fourth(object, x)
    } else {
        object.step(x)
    }
}

/// Two branches on the way to each, and what is none of the four is not asked for.
#[inline(never)]
fn tree(object: &dyn Body, x: u64) -> u64 {
    let vtable = vtable(object);
    if (vtable == key(0)) | (vtable == key(1)) {
        if vtable == key(0) {
            first(object, x)
        } else {
            second(object, x)
        }
    } else if vtable == key(2) {
        third(object, x)
    } else {
        fourth(object, x)
    }
}

#[inline(never)]
fn trampoline(object: &dyn Body, x: u64) -> u64 {
    object.step(x)
}

const PLAIN: [Loop; 8] = copies!(20, |body, x| body.step(x));
const AGAIN: [Loop; 8] = copies!(21, |body, x| body.step(x));
const LINEAR: [Loop; 8] = copies!(22, |body, x| linear(body, x));
const TREE: [Loop; 8] = copies!(23, |body, x| tree(body, x));
const TRAMPOLINE: [Loop; 8] = copies!(24, |body, x| trampoline(body, x));

pub(crate) fn measure(rounds: usize) {
    for (key, object) in KEYS.iter().zip(OBJECTS) {
        key.store(vtable(object), Ordering::Relaxed);
    }
    let plain = [("plain call", PLAIN), ("plain call again", AGAIN)];
    let one = Mix {
        name: "one type",
        shares: [100, 0, 0, 0],
    };
    crate::measure(rounds, &one, &plain);
    let even = Mix {
        name: "even mix of four",
        shares: [25; 4],
    };
    let shapes = [
        ("compares one after the other", LINEAR),
        ("a tree of compares", TREE),
        ("a trampoline in front of an indirect jump", TRAMPOLINE),
    ];
    crate::measure(rounds, &even, &[&plain[..], &shapes].concat());
}

//! Guards for two types, and where the switch of a site stands beside them.

use std::sync::atomic::{AtomicI8, AtomicUsize, Ordering};

use static_call_bench_bodies::{Body, Kind0, Kind1, Kind2, Kind3};

use crate::{Loop, Mix, assume, copies, vtable};

/// Here, in the codegen unit whose vtables the compiler knows.
pub(crate) static OBJECTS: [&dyn Body; 4] =
    [&Kind0::new(), &Kind1::new(), &Kind2::new(), &Kind3::new()];

/// What a call reads of a site.
#[repr(C, align(64))]
struct Site {
    /// 1 is plain, -2 guarded.
    switch: AtomicI8,
    keys: [AtomicUsize; 2],
}

static SITE: Site = Site {
    switch: AtomicI8::new(1),
    keys: [const { AtomicUsize::new(0) }; 2],
};

fn switch() -> i8 {
    SITE.switch.load(Ordering::Relaxed)
}

fn key(index: usize) -> usize {
    SITE.keys[index].load(Ordering::Relaxed)
}

#[inline(always)]
fn first(object: &dyn Body, x: u64) -> u64 {
    // SAFETY: the key has said so.
    unsafe { assume::<Kind0>(object) }.step(x)
}

#[inline(always)]
fn second(object: &dyn Body, x: u64) -> u64 {
    // SAFETY: the key has said so.
    unsafe { assume::<Kind1>(object) }.step(x)
}

/// Stands for the trampoline and for learning.
#[inline(never)]
fn elsewhere(object: &dyn Body, x: u64) -> u64 {
    object.step(x).wrapping_add(1)
}

/// As the library has it.
#[inline(always)]
fn switch_first(object: &dyn Body, x: u64) -> u64 {
    let switch = switch();
    if switch > 0 {
        object.step(x)
    } else if vtable(object) == key(0) {
        first(object, x)
    } else if vtable(object) == key(1) {
        second(object, x)
    } else if switch == -2 {
        object.step(x)
    } else {
        elsewhere(object, x)
    }
}

#[inline(always)]
fn keys_first(object: &dyn Body, x: u64) -> u64 {
    if vtable(object) == key(0) {
        first(object, x)
    } else if vtable(object) == key(1) {
        second(object, x)
    } else if switch() > 0 || switch() == -2 {
        object.step(x)
    } else {
        elsewhere(object, x)
    }
}

#[inline(always)]
fn no_switch(object: &dyn Body, x: u64) -> u64 {
    if vtable(object) == key(0) {
        first(object, x)
    } else if vtable(object) == key(1) {
        second(object, x)
    } else {
        object.step(x)
    }
}

/// What `devirt` compiles to where it knows the vtables.
#[inline(always)]
fn constants(object: &dyn Body, x: u64) -> u64 {
    if vtable(object) == vtable(&Kind0::new()) {
        first(object, x)
    } else if vtable(object) == vtable(&Kind1::new()) {
        second(object, x)
    } else {
        object.step(x)
    }
}

const PLAIN: [Loop; 8] = copies!(0, |body, x| body.step(x));
const AGAIN: [Loop; 8] = copies!(1, |body, x| body.step(x));
const SWITCH_FIRST: [Loop; 8] = copies!(2, |body, x| switch_first(body, x));
const KEYS_FIRST: [Loop; 8] = copies!(3, |body, x| keys_first(body, x));
const NO_SWITCH: [Loop; 8] = copies!(4, |body, x| no_switch(body, x));
const CONSTANTS: [Loop; 8] = copies!(5, |body, x| constants(body, x));

const MIXES: [Mix; 4] = [
    Mix {
        name: "one type",
        shares: [100, 0, 0, 0],
    },
    Mix {
        name: "80/20 of two",
        shares: [80, 20, 0, 0],
    },
    Mix {
        name: "80/20 of four",
        shares: [80, 7, 7, 6],
    },
    Mix {
        name: "even mix of four",
        shares: [25; 4],
    },
];

pub(crate) fn measure(rounds: usize) {
    let plain = [("plain call", PLAIN), ("plain call again", AGAIN)];
    let off = [
        ("off, the switch first", SWITCH_FIRST),
        ("off, the keys first", KEYS_FIRST),
    ];
    let on = [
        ("on, the switch first", SWITCH_FIRST),
        ("on, the keys first", KEYS_FIRST),
        ("keys and no switch", NO_SWITCH),
        ("vtables known to the compiler", CONSTANTS),
    ];
    for mix in &MIXES {
        set(1, [0, 0]);
        crate::measure(rounds, mix, &[&plain[..], &off].concat());
        set(-2, [0, 1].map(|kind| vtable(OBJECTS[kind])));
        crate::measure(rounds, mix, &[&plain[..], &on].concat());
    }
}

fn set(switch: i8, keys: [usize; 2]) {
    SITE.switch.store(switch, Ordering::Relaxed);
    for (key, vtable) in SITE.keys.iter().zip(keys) {
        key.store(vtable, Ordering::Relaxed);
    }
}

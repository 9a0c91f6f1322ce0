//! Makes objects in another crate than the one that calls them: their vtables are
//! other ones than those that the calling crate would name.

use static_call_bench_bodies::{
    Body, DevirtBody, Kind0, Kind1, Kind2, Kind3, Kind4, Kind5, Kind6, Kind7,
};

static OBJECTS: [&dyn Body; 8] = [
    &Kind0::new(),
    &Kind1::new(),
    &Kind2::new(),
    &Kind3::new(),
    &Kind4::new(),
    &Kind5::new(),
    &Kind6::new(),
    &Kind7::new(),
];

static DEVIRT_OBJECTS: [&dyn DevirtBody; 8] = [
    &Kind0::new(),
    &Kind1::new(),
    &Kind2::new(),
    &Kind3::new(),
    &Kind4::new(),
    &Kind5::new(),
    &Kind6::new(),
    &Kind7::new(),
];

/// One object of each type.
#[inline(never)]
#[must_use]
pub fn objects() -> [&'static dyn Body; 8] {
    OBJECTS
}

/// The same for `devirt`'s trait.
#[inline(never)]
#[must_use]
pub fn devirt_objects() -> [&'static dyn DevirtBody; 8] {
    DEVIRT_OBJECTS
}

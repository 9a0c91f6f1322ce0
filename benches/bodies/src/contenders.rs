//! The traits and enums of the other contenders.
#![allow(
    clippy::inline_always,
    missing_docs,
    reason = "what the contenders' macros write"
)]

use enum_dispatch::enum_dispatch;

use crate::Body;
use crate::kinds::{Kind0, Kind1, Kind2, Kind3, Kind4, Kind5, Kind6, Kind7};

/// For `devirt`, with the two hot types that `inline` lists name, too.
#[devirt::devirt(Kind0, Kind1)]
pub trait DevirtBody: Send + Sync {
    /// As [`Body::step`].
    fn step(&self, x: u64) -> u64;
    /// As [`Body::step_of_four`].
    fn step_of_four(&self, x: u64) -> u64;
    /// As [`Body::step_mut`].
    fn step_mut(&mut self, x: u64) -> u64;
    /// As [`Body::medium`].
    fn medium(&self, x: u64) -> u64;
    /// As [`Body::large`].
    fn large(&self, x: u64) -> u64;
}

/// For `enum_dispatch`.
#[enum_dispatch]
pub trait DispatchedBody {
    /// As [`Body::step`].
    fn step(&self, x: u64) -> u64;
    /// As [`Body::step_of_four`].
    fn step_of_four(&self, x: u64) -> u64;
    /// As [`Body::step_mut`].
    fn step_mut(&mut self, x: u64) -> u64;
    /// As [`Body::medium`].
    fn medium(&self, x: u64) -> u64;
    /// As [`Body::large`].
    fn large(&self, x: u64) -> u64;
}

/// One of the eight, dispatched on by `enum_dispatch`.
#[enum_dispatch(DispatchedBody)]
#[derive(Clone, Debug)]
pub enum Dispatched {
    Kind0,
    Kind1,
    Kind2,
    Kind3,
    Kind4,
    Kind5,
    Kind6,
    Kind7,
}

/// One of the eight, dispatched on by a `match` written by hand.
#[derive(Clone, Debug)]
pub enum Enum {
    Kind0(Kind0),
    Kind1(Kind1),
    Kind2(Kind2),
    Kind3(Kind3),
    Kind4(Kind4),
    Kind5(Kind5),
    Kind6(Kind6),
    Kind7(Kind7),
}

macro_rules! by_hand {
    ($($method:ident($($receiver:tt)*);)*) => {
        impl Enum {$(
            #[inline]
            pub fn $method($($receiver)* self, x: u64) -> u64 {
                match self {
                    Enum::Kind0(kind) => Body::$method(kind, x),
                    Enum::Kind1(kind) => Body::$method(kind, x),
                    Enum::Kind2(kind) => Body::$method(kind, x),
                    Enum::Kind3(kind) => Body::$method(kind, x),
                    Enum::Kind4(kind) => Body::$method(kind, x),
                    Enum::Kind5(kind) => Body::$method(kind, x),
                    Enum::Kind6(kind) => Body::$method(kind, x),
                    Enum::Kind7(kind) => Body::$method(kind, x),
                }
            }
        )*}
    };
}

by_hand! {
    step(&);
    step_of_four(&);
    step_mut(&mut);
    medium(&);
    large(&);
}

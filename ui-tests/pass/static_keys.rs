//! Declarations of static keys, under strict lints and without a prelude.
#![deny(warnings)]
#![forbid(unsafe_code)]
#![forbid(missing_docs)]
#![deny(clippy::all, clippy::pedantic, unreachable_pub)]
#![no_implicit_prelude]

use ::static_call::{StaticKey, static_key};

static_key! {
    /// Two in one.
    pub static FIRST: bool = false;
    /// On at first.
    pub(crate) static SECOND: bool = true;
    #[cfg(any())]
    static NOT_HERE: bool = true;
    #[deprecated = "for its users only"]
    #[allow(dead_code)]
    static OLD: bool = (false);
    #[allow(non_upper_case_globals)]
    static r#static: bool = false;
}

mod inner {
    ::static_call::static_key! {
        pub(super) static FIRST: bool = false;
    }

    /// Has the name of a key.
    #[allow(dead_code)]
    pub(super) struct SECOND;
}

macro_rules! declared_by_a_macro {
    ($visibility:vis $name:ident = $initial:expr) => {
        static_key! { $visibility static $name: bool = $initial; }
    };
}
declared_by_a_macro!(pub(crate) THIRD = true);

/// A key is a value of its own type.
fn in_a_function<T>(value: T) -> (bool, T) {
    static_key! { static FIRST: bool = true; }
    (FIRST.enabled(), value)
}

fn takes<K: ::static_call::__private::DeclaredStaticKey>(key: &StaticKey<K>) -> bool {
    key.enabled()
}

fn main() {
    ::std::assert!(!FIRST.enabled() && SECOND.enabled() && THIRD.enabled());
    ::std::assert!(!inner::FIRST.enabled() && !r#static.enabled());
    ::std::assert!(in_a_function(1_u8).0 && !takes(&FIRST));
    let on = if SECOND.enabled() { "on" } else { "off" };
    ::std::assert_eq!(on, "on");
}

//! A crate that turns every warning into an error.
#![deny(warnings)]
#![deny(
    future_incompatible,
    let_underscore,
    nonstandard_style,
    refining_impl_trait,
    unused
)]
#![deny(rust_2018_compatibility, rust_2018_idioms, rust_2021_compatibility)]
#![deny(
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    missing_debug_implementations
)]
#![deny(
    missing_copy_implementations,
    missing_docs,
    non_local_definitions,
    single_use_lifetimes
)]
#![deny(
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub
)]
#![deny(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    unused_import_braces,
    unused_lifetimes
)]
#![deny(unused_qualifications, unused_results, variant_size_differences)]
#![allow(missing_copy_implementations, single_use_lifetimes)]

use static_call::{static_call, static_dispatch};

/// A codec.
#[static_dispatch]
pub trait Codec: Send + std::fmt::Debug {
    /// What it writes.
    type Frame: Copy;

    /// Encodes.
    #[static_dispatch(targets = 8)]
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize;

    /// Passes everything.
    #[static_dispatch]
    #[must_use]
    fn pass(&mut self, frame: Self::Frame, _: (u8, u16), text: Option<String>) -> Option<String>;

    /// Borrows.
    #[static_dispatch]
    fn longest<'a>(&'a self, other: &'a str) -> &'a str;

    /// The name.
    fn name(&self) -> &str;
}

/// LZ4.
#[derive(Debug)]
pub struct Lz4;

#[static_dispatch]
impl Codec for Lz4 {
    type Frame = u32;

    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
        into.extend_from_slice(source);
        source.len()
    }

    fn pass(&mut self, _: u32, (_, _): (u8, u16), text: Option<String>) -> Option<String> {
        text
    }

    fn longest<'a>(&'a self, other: &'a str) -> &'a str {
        if other.len() > self.name().len() {
            other
        } else {
            self.name()
        }
    }

    fn name(&self) -> &str {
        "lz4"
    }
}

/// Encodes with whatever codec it gets.
pub fn hot(codec: &mut (dyn Codec<Frame = u32> + Sync)) -> usize {
    let text = static_call!(codec.pass(7, (1, 2), Some("abc".to_owned())));
    assert_eq!(text.as_deref(), Some("abc"));
    assert_eq!(static_call!(codec.longest("none")), "none");
    static_call!(codec.encode(b"abc", &mut Vec::new()))
}

fn main() {
    assert_eq!(hot(&mut Lz4), 3);
}

//! Inlined bodies and regions in a crate that forbids what it can.
#![forbid(unsafe_code, missing_docs)]
#![deny(warnings, unused, rust_2018_idioms, unused_qualifications, trivial_casts)]

use static_call::{specialize, static_call, static_dispatch};

/// A codec.
#[static_dispatch]
pub trait Codec: Send {
    /// Encodes.
    #[static_dispatch(targets = 2, inline = [Lz4])]
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize;
    /// Labels.
    #[static_dispatch]
    fn label(&mut self, prefix: String) -> Option<String>;
}

/// LZ4.
pub struct Lz4;

/// Borrows.
pub struct Borrowed<'a>(pub &'a str);

#[static_dispatch]
impl Codec for Lz4 {
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
        into.extend_from_slice(source);
        source.len()
    }
    fn label(&mut self, prefix: String) -> Option<String> {
        Some(prefix + "lz4")
    }
}

impl Codec for Borrowed<'_> {
    fn encode(&self, source: &[u8], _: &mut Vec<u8>) -> usize {
        source.len() + self.0.len()
    }
    fn label(&mut self, _: String) -> Option<String> {
        None
    }
}

/// Through guards.
pub fn guarded(codec: &mut dyn Codec, source: &[u8]) -> Option<String> {
    let mut into = Vec::new();
    let written = static_call!(codec.encode(source, &mut into));
    let again = static_call!(codec.encode(source, &mut into), inline = [Borrowed<'static>, Lz4]);
    static_call!(codec.label(format!("{} ", written + again)), inline = [Lz4])
}

/// In regions; what the block does not use of its receiver is no warning.
pub fn region(codec: &mut (dyn Codec + 'static), sources: &[&[u8]]) -> usize {
    let mut into = Vec::new();
    let mut total = 0;
    specialize!(codec: [Lz4, Borrowed<'static>] in {
        for source in sources {
            total += codec.encode(source, &mut into);
        }
    });
    let mut boxed: Box<dyn Codec> = Box::new(Lz4);
    specialize!(inner = &mut *boxed: [Lz4] in {
        let _ = inner.label(String::new());
    });
    total + specialize!(boxed: [Lz4] in { boxed.encode(b"ab", &mut into) })
}

fn main() {
    let text = String::from("text");
    assert_eq!(guarded(&mut Lz4, b"abc").as_deref(), Some("6 lz4"));
    assert_eq!(guarded(&mut Borrowed(&text), b"abc"), None);
    assert_eq!(region(&mut Lz4, &[b"abc", b"d"]), 6);
}

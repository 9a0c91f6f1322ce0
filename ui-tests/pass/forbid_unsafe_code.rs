#![forbid(unsafe_code)]

use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 4)]
pub trait Codec: Send {
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize;
    fn label(&mut self, prefix: String) -> Option<String>;
}

pub struct Lz4;

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

fn main() {
    let mut codec: Box<dyn Codec> = Box::new(Lz4);
    assert_eq!(static_call!(codec.encode(b"abc", &mut Vec::new())), 3);
    assert_eq!(
        static_call!(codec.label("a ".to_owned())).as_deref(),
        Some("a lz4")
    );
}

// Receivers, lists and blocks.
#![forbid(unsafe_code)]
use core::mem::transmute;
use static_call::{specialize, static_call, static_dispatch};

#[static_dispatch]
pub trait Codec {
    #[static_dispatch]
    fn encode(&self, level: u8) -> u8;
}

pub struct Held<const N: usize>;

impl<const N: usize> Codec for Held<N> {
    fn encode(&self, level: u8) -> u8 {
        level
    }
}

fn receiver(codec: &'static dyn Codec) -> u8 {
    specialize!(held = transmute::<&dyn Codec, &'static dyn Codec>(codec): [Held<1>] in {
        held.encode(1)
    })
}

fn block(codec: &'static dyn Codec) -> u8 {
    specialize!(codec: [Held<1>] in { static_call!(codec.encode(transmute(1_i8))) })
}

fn list(codec: &'static dyn Codec) -> u8 {
    specialize!(codec: [Held<{ transmute::<isize, usize>(1) }>] in { codec.encode(1) })
}

fn main() {}

// Receivers, arguments and lists.
#![forbid(unsafe_code)]
use core::mem::transmute;
use static_call::{static_call, static_dispatch};

#[static_dispatch]
pub trait Codec {
    #[static_dispatch]
    fn encode(&self, level: u8, more: u8) -> u8;
    #[static_dispatch]
    fn reset(&self);
}

pub struct Held<const N: usize>;

impl<const N: usize> Codec for Held<N> {
    fn encode(&self, level: u8, _: u8) -> u8 {
        level
    }
    fn reset(&self) {}
}

fn receiver(codec: &'static dyn Codec) {
    static_call!(transmute::<&dyn Codec, &dyn Codec>(codec).reset());
    static_call!({ transmute::<&dyn Codec, &dyn Codec>(codec) }.reset());
}

fn first_argument(codec: &dyn Codec) -> u8 {
    static_call!(codec.encode(transmute(1_i8), 2)) + static_call!(codec.encode({ transmute(1_i8) }, 2))
}

fn second_argument(codec: &dyn Codec) -> u8 {
    static_call!(codec.encode(1, transmute(2_i8)))
}

fn list(codec: &dyn Codec) -> u8 {
    static_call!(codec.encode(1, 2), inline = [Held<{ transmute::<isize, usize>(1) }>])
}

fn main() {}

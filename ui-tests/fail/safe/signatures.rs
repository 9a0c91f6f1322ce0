// Constants in types, wherever the macros repeat these.
#![forbid(unsafe_code)]
use core::mem::transmute;
use static_call::static_dispatch;

pub struct Held<const N: usize>;

#[static_dispatch(object = FastCodec)]
pub trait Codec {
    #[static_dispatch(inline = [Held<{ transmute::<isize, usize>(1) }>])]
    fn encode(&self, source: [u8; transmute::<isize, usize>(2)]) -> Held<{ transmute(3_isize) }>;
}

impl<const N: usize> Codec for Held<N> {
    fn encode(&self, _: [u8; 2]) -> Held<3> {
        Held
    }
}

#[static_dispatch]
impl Codec for [Held<1>; transmute::<isize, usize>(4)] {
    fn encode(&self, _: [u8; 2]) -> Held<3> {
        transmute(())
    }
}

fn main() {}

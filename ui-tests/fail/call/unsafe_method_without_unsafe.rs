use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch(targets = 2)]
    fn encode(&self, source: &[u8], level: u8) -> usize;
    #[static_dispatch]
    fn reset(&mut self);
    fn name(&self) -> &str;
}

#[static_dispatch]
trait Poke {
    #[static_dispatch]
    unsafe fn poke(&self, at: usize);
}

fn hot(codec: &dyn Poke) {
    static_call!(codec.poke(1))
}

fn main() {}

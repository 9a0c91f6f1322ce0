use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch(targets = 2)]
    fn encode(&self, source: &[u8], level: u8) -> usize;
    #[static_dispatch]
    fn reset(&mut self);
}

fn plainly(codec: &mut dyn Codec) {
    codec.reset(1, 2)
}

fn through_a_site(codec: &mut dyn Codec) {
    static_call!(codec.reset(1, 2))
}

fn main() {}

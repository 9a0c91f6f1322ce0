use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch(targets = 2)]
    fn encode(&self, source: &[u8], level: u8) -> usize;
    #[static_dispatch]
    fn reset(&mut self);
}

fn plainly(codec: &mut dyn Codec) -> usize {
    codec.encode()
}

fn through_a_site(codec: &mut dyn Codec) -> usize {
    static_call!(codec.encode())
}

fn main() {}

use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch(targets = 2)]
    fn encode(&self, source: &[u8], level: u8) -> usize;
    #[static_dispatch]
    fn reset(&mut self);
    fn name(&self) -> &str;
}

#[static_dispatch(targets = 2)]
trait Named {
    #[static_dispatch(skip)]
    fn name(&self) -> &str;
}

fn hot(codec: &dyn Named) -> &str {
    static_call!(codec.name())
}

fn main() {}

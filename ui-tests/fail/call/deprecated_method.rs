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
trait Old {
    #[deprecated(note = "use `encode`")]
    #[static_dispatch]
    fn old(&self) -> bool;
}

#[deny(deprecated)]
fn hot(codec: &dyn Old) -> bool {
    static_call!(codec.old())
}

fn main() {}

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
trait Checked {
    #[must_use]
    #[static_dispatch]
    fn check(&self) -> bool;
}

#[deny(unused_must_use)]
fn hot(checked: &dyn Checked) {
    static_call!(checked.check());
}

fn main() {}

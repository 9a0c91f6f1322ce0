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
trait List {
    fn push(&mut self, item: &mut u8);
    fn take(&mut self) -> &mut u8;
}

fn hot(list: &mut dyn List) {
    static_call!(list.push(list.take()))
}

fn main() {}

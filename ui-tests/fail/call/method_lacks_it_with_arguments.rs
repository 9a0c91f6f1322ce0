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
trait Renamed {
    fn rename(&mut self, name: &str);
}

fn hot(codec: &mut dyn Renamed) {
    static_call!(codec.rename("lz4"))
}

fn main() {}

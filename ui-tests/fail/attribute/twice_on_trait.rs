use static_call::static_dispatch;

#[static_dispatch]
#[static_dispatch(targets = 2)]
trait Codec {
    fn encode(&self) -> u8;
}

fn hot(codec: &dyn Codec) -> u8 {
    codec.encode()
}

fn main() {}

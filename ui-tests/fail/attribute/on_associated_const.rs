use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[doc(hidden)]
    #[static_dispatch(skip)]
    const LEVEL: u8 = 3;
    #[static_dispatch]
    fn encode(&self) -> u8;
}

fn hot(codec: &impl Codec) -> u8 {
    codec.encode()
}

fn main() {}

use static_call::static_dispatch;

#[static_dispatch]
trait Decoder {
    #[static_dispatch]
    type Frame;
    #[static_dispatch]
    fn decode(&self) -> Self::Frame;
}

fn hot(decoder: &dyn Decoder<Frame = u8>) -> u8 {
    decoder.decode()
}

fn main() {}

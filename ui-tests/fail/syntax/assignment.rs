use static_call::static_call;

trait Codec {
    fn encode(&self, source: &[u8]) -> Result<usize, ()>;
}

fn hot(codec: &dyn Codec, mut length: usize) {
    static_call!(length = codec.encode(b"abc"))
}

fn main() {}

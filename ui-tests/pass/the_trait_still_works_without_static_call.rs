use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
trait Codec: std::fmt::Debug {
    fn encode(&self, source: &[u8]) -> usize;
}

impl<C: Codec + ?Sized> Codec for Box<C> {
    fn encode(&self, source: &[u8]) -> usize {
        (**self).encode(source)
    }
}

impl Codec for [u8] {
    fn encode(&self, _: &[u8]) -> usize {
        self.len()
    }
}

impl Codec for u8 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

trait FastCodec: Codec {
    fn fast(&self) -> bool;
}

impl FastCodec for u8 {
    fn fast(&self) -> bool {
        true
    }
}

fn generic<C: Codec + ?Sized>(codec: &C) -> usize {
    codec.encode(b"abc")
}

fn main() {
    let boxed: Box<dyn Codec> = Box::new(1_u8);
    assert_eq!(generic(&boxed), 3);
    assert_eq!(generic(&*boxed), 3);
    assert_eq!(generic([1_u8, 2].as_slice()), 2);
    let fast: Box<dyn FastCodec> = Box::new(1_u8);
    assert!(fast.fast());
    let upcast: &dyn Codec = &*fast;
    assert_eq!(upcast.encode(b"abcd"), 4);
    assert_eq!(format!("{upcast:?}"), "1");
}

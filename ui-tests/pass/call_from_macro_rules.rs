use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8], level: u8) -> usize;
}

struct Lz4;

impl Codec for Lz4 {
    fn encode(&self, source: &[u8], level: u8) -> usize {
        source.len() + usize::from(level)
    }
}

macro_rules! encode {
    ($receiver:expr, $source:expr $(, $level:expr)?) => {
        static_call!($receiver.encode($source, 0 $(+ $level)?))
    };
}

macro_rules! invoke {
    ($receiver:ident . $method:ident ( $($argument:expr),* )) => {
        static_call!($receiver.$method($($argument),*))
    };
}

macro_rules! whole {
    ($call:expr) => {
        static_call!($call)
    };
}

macro_rules! tokens {
    ($($call:tt)*) => {
        static_call!($($call)*)
    };
}

// Hygiene: the macro's `codec` and the user's are different variables.
macro_rules! with_own_variable {
    ($user:ident) => {{
        let codec: &dyn Codec = &Lz4;
        static_call!(codec.encode(&[0; 10], static_call!($user.encode(&[], 1)) as u8))
    }};
}

fn main() {
    let codec: Box<dyn Codec> = Box::new(Lz4);
    let codecs = [&*codec];
    assert_eq!(encode!(codec, b"abc"), 3);
    assert_eq!(encode!(codecs[0], b"abc", 2), 5);
    assert_eq!(encode!(&*codec, b"abc", 2), 5);
    assert_eq!(invoke!(codec.encode(b"abc", 1)), 4);
    assert_eq!(whole!(codec.encode(b"abc", 1)), 4);
    assert_eq!(tokens!(codecs[0].encode(b"abc", 1)), 4);
    assert_eq!(with_own_variable!(codec), 11);
}

use static_call::{static_call, static_dispatch};

macro_rules! declare {
    ($name:ident { $($method:ident($argument:ident: $ty:ty) -> $result:ty;)* }) => {
        #[static_dispatch(targets = 2)]
        trait $name {
            $(fn $method(&self, $argument: $ty) -> $result;)*
        }
    };
}

declare!(Codec {
    encode(source: &[u8]) -> usize;
    label(prefix: Option<String>) -> String;
});

macro_rules! implement {
    ($($ty:ident = $level:expr),*) => {
        $(
            struct $ty;

            #[static_dispatch]
            impl Codec for $ty {
                fn encode(&self, source: &[u8]) -> usize {
                    source.len() * $level
                }
                fn label(&self, prefix: Option<String>) -> String {
                    prefix.unwrap_or_default() + stringify!($ty)
                }
            }
        )*
    };
}

implement!(Lz4 = 1, Zstd = 2);

fn main() {
    let codecs: [&dyn Codec; 2] = [&Lz4, &Zstd];
    let encoded: usize = codecs
        .iter()
        .map(|codec| static_call!(codec.encode(b"abc")))
        .sum();
    assert_eq!(encoded, 9);
    assert_eq!(
        static_call!(codecs[1].label(Some("the ".to_owned()))),
        "the Zstd"
    );
}

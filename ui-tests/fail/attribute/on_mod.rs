use static_call::static_dispatch;

#[static_dispatch]
mod codecs {
    pub struct Lz4;
}

fn main() {
    let _ = codecs::Lz4;
}

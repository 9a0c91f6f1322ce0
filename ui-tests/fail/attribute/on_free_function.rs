use static_call::static_dispatch;

#[static_dispatch]
fn encode(source: &[u8]) -> usize {
    source.len()
}

fn main() {
    encode(b"abc");
}

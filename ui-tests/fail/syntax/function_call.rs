use static_call::static_call;

fn encode(source: &[u8]) -> usize {
    source.len()
}

fn hot() {
    static_call!(encode(b"abc"))
}

fn main() {}

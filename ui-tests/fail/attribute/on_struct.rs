use static_call::static_dispatch;

#[static_dispatch]
struct Lz4;

fn main() {
    let _ = Lz4;
}

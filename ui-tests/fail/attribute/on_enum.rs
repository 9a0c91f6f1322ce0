use static_call::static_dispatch;

#[static_dispatch]
enum Level {
    Fast,
    Best,
}

fn main() {
    let _ = [Level::Fast, Level::Best];
}

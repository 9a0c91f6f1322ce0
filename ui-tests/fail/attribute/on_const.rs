use static_call::static_dispatch;

#[static_dispatch]
const LEVEL: u8 = 3;

fn main() {
    let _ = LEVEL;
}

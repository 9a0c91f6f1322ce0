use static_call::static_dispatch;

#[static_dispatch]
type Level = u8;

fn main() {
    let _ = 3 as Level;
}

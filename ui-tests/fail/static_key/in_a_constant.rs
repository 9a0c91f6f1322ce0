use static_call::static_key;

static_key! {
    static TRACE: bool = false;
}

const TRACED: bool = TRACE.enabled();

fn main() {
    assert!(!TRACED);
}

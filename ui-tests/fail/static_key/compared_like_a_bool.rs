use static_call::static_key;

static_key! {
    static TRACE: bool = false;
}

fn main() {
    if TRACE {}
}

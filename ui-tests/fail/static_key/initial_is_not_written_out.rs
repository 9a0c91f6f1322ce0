use static_call::static_key;

const DEFAULT: bool = cfg!(debug_assertions);

static_key! {
    static TRACE: bool = DEFAULT;
}

fn main() {}

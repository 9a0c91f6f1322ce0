use static_call::static_key;

static_key! {
    static mut TRACE: bool = false;
}

fn main() {}

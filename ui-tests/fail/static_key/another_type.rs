use static_call::static_key;

static_key! {
    static LEVEL: u8 = 1;
}

fn main() {}

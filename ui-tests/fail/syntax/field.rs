use static_call::static_call;

fn hot(pair: (u8, u8)) {
    static_call!(pair.0)
}

fn main() {}

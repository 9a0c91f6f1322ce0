use static_call::static_call;

fn hot(codec: u8) {
    static_call!(codec)
}

fn main() {}

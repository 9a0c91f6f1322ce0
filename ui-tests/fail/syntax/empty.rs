use static_call::static_call;

fn hot() {
    static_call!()
}

fn main() {}

use static_call::static_call;

fn hot() {
    static_call!(42)
}

fn main() {}

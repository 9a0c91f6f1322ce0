use static_call::static_call;

fn hot(fast: bool) {
    static_call!(if fast { 1 } else { 2 })
}

fn main() {}

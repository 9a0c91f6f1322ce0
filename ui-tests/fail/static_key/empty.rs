use static_call::static_key;

static_key! {}

fn main() {}

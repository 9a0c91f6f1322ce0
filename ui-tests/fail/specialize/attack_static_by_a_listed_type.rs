use static_call::specialize;

include!("attacks/slice.rs");

fn is_static<A: ?Sized + 'static>(_: &A) {}

// One for longer is listed; the receiver is none for longer.
fn f<'a>(a: &(dyn Adapter<'a, f32> + 'a)) {
    specialize!(a: [Slice<'static, f32>] in { is_static(a) });
}

fn main() {}

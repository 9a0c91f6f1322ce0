use static_call::specialize;

include!("attacks/slice.rs");

fn is_send<A: ?Sized + Send>(_: &A) {}

// The listed type is one that may be sent; the receiver is not.
fn f<'a>(a: &(dyn Adapter<'a, f32> + 'a)) {
    specialize!(a: [Slice<'_, f32>] in { is_send(a) });
}

fn main() {}

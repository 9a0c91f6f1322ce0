use static_call::specialize;

include!("attacks/slice.rs");

fn g(_: &Slice<'_, f32>) {}

fn f<'a>(a: &(dyn Adapter<'a, f32> + 'a)) {
    specialize!(a: [Slice<'_, f32>] in { g(a) });
}

fn main() {}

use static_call::specialize;

include!("attacks/slice.rs");

fn f<'a>(a: &mut (dyn Adapter<'a, f32> + 'a), b: &mut Slice<'a, f32>) {
    specialize!(a: [Slice<'_, f32>] in { std::mem::swap(a, b) });
}

fn main() {}

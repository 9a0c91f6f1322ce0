use static_call::specialize;

include!("attacks/slice.rs");

fn f<'a>(a: &(dyn Adapter<'a, f32> + 'a)) -> usize {
    specialize!(a: [Slice<'_, f32>] in { a.data.len() })
}

fn main() {}

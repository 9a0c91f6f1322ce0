use static_call::specialize;

include!("attacks/slice.rs");

fn f<'a>(a: &(dyn Adapter<'a, f32> + 'a)) -> &'static [f32] {
    specialize!(a: [Slice<'_, f32>] in { a.whole() })
}

fn main() {}

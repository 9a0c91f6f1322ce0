use static_call::specialize;

include!("attacks/slice.rs");

fn f<'r, 'a>(a: &'r (dyn Adapter<'a, f32> + 'a)) -> &'a str {
    specialize!(a: [Slice<'_, f32>] in { a.name() })
}

fn main() {}

use static_call::specialize;

include!("attacks/slice.rs");

fn f<'a>(a: &(dyn Adapter<'a, f32> + 'a)) {
    let mut to = Vec::new();
    specialize!(a: [Slice<'_, f32>] in { a.copy_to(&mut to) });
}

fn main() {}

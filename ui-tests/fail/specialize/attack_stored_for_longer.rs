use static_call::specialize;

include!("attacks/slice.rs");

fn f<'a>(a: &(dyn Adapter<'a, f32> + 'a)) {
    let mut kept: Vec<&'a (dyn Adapter<'a, f32> + 'a)> = Vec::new();
    specialize!(a: [Slice<'_, f32>] in { kept.push(a) });
}

fn main() {}

use static_call::specialize;

include!("attacks/slice.rs");

fn f<'a>(a: &mut (dyn Adapter<'a, f32> + 'a)) {
    specialize!(one = a: [Slice<'_, f32>] in {
        specialize!(two = a: [Slice<'_, f32>] in { one.set_name("1"); two.set_name("2"); });
    });
}

fn main() {}

use static_call::specialize;

include!("attacks/slice.rs");

fn f<'a>(a: &mut (dyn Adapter<'a, f32> + 'a)) -> String {
    specialize!(a: [Slice<'_, f32>] in {
        let name = a.name();
        a.set_name("2");
        name.to_owned()
    })
}

fn main() {}

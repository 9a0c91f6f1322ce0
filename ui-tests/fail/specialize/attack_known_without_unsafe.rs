include!("attacks/slice.rs");

fn f<'a>(a: &'a (dyn Adapter<'a, f32> + 'a)) {
    use static_call::__private::{Specialize, known, listed, object_type};
    let asked = a.__static_call_specialize();
    let slice = listed::<Slice<'_, f32>, _, _>(&object_type(&asked), |pointer| pointer);
    known(asked, slice);
}

fn main() {}

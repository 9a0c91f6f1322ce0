use static_call::specialize;

include!("attacks/slice.rs");

fn f<'a>(a: &(dyn Adapter<'a, *const u8> + Send + 'a)) {
    specialize!(a: [Slice<'_, *const u8>] in { a.frames(); });
}

fn main() {}

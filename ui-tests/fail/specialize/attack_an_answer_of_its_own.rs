use static_call::specialize;

include!("attacks/slice.rs");

/// A receiver that says itself what was asked.
struct Fake<'r, 'a>(&'r (dyn Adapter<'a, f32> + 'a));

impl<'r, 'a> Fake<'r, 'a> {
    fn __static_call_specialize(self) -> Self {
        self
    }
}

fn f<'r, 'a>(fake: Fake<'r, 'a>) {
    specialize!(a = fake: [Slice<'_, f32>] in { a.frames(); });
}

fn main() {}

include!("attacks/slice.rs");

struct Fake<'r, 'a>(&'r (dyn Adapter<'a, f32> + 'a));

impl<'r, 'a> static_call::__private::Specialize for Fake<'r, 'a> {
    type Object = dyn Adapter<'a, f32> + 'a;
    fn __object(&self) -> &Self::Object {
        self.0
    }
    unsafe fn __known<L>(self, _: impl FnOnce(*const L) -> *const Self::Object) -> Self {
        self
    }
}

fn main() {}

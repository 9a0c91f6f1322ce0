use static_call::{static_call, static_dispatch};

trait Size {
    fn size(&self) -> usize;
}

#[static_dispatch(supertrait = Size)]
trait Grow: Size {
    #[static_dispatch]
    fn grow(&self) -> usize;
}

fn hot(codec: &dyn Grow) -> usize {
    static_call!(codec.size())
}

fn main() {}

use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
trait Size {
    fn size(&self) -> usize;
}

#[static_dispatch]
trait Grow: Size {
    #[static_dispatch(supertrait = Size)]
    fn grow(&self) -> usize;
}

fn main() {}

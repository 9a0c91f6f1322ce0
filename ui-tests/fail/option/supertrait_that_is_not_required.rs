use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
trait Size {
    fn size(&self) -> usize;
}

#[static_dispatch(supertrait = Size)]
trait Grow {
    fn grow(&self) -> usize;
}

fn main() {}

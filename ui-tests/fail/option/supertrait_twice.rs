use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
trait Size {
    fn size(&self) -> usize;
}

#[static_dispatch(targets = 2)]
trait Name {
    fn name(&self) -> &str;
}

#[static_dispatch(supertrait = Size, supertrait = Name)]
trait Grow: Size + Name {
    fn grow(&self) -> usize;
}

fn main() {}

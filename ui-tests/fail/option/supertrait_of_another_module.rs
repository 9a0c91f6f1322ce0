use static_call::static_dispatch;

mod other {
    #[static_call::static_dispatch(targets = 2)]
    pub trait Size {
        fn size(&self) -> usize;
    }
}

trait Size {
    fn size(&self) -> usize;
}

#[static_dispatch(supertrait = other::Size)]
trait Grow: Size {
    fn grow(&self) -> usize;
}

fn main() {}

use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
trait Size {
    fn size(&self) -> usize;
}

struct Leaf;

#[static_dispatch(supertrait = Size)]
impl Size for Leaf {
    fn size(&self) -> usize {
        1
    }
}

fn main() {}

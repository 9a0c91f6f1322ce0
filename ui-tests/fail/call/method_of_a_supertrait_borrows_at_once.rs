use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 2)]
trait Push {
    fn push(&mut self, value: usize);
    fn length(&self) -> usize;
}

#[static_dispatch(supertrait = Push)]
trait Grow: Push {
    #[static_dispatch]
    fn grow(&mut self);
}

fn hot(list: &mut dyn Grow) {
    static_call!(list.push(list.length()))
}

fn main() {}

use static_call::{specialize, static_dispatch};

#[static_dispatch]
trait Stage {
    type Item;
    fn push(&mut self, item: Self::Item);
    fn reset(&mut self);
}

// Invariant: one for longer is none for shorter.
struct Keep<T>(Vec<T>, std::marker::PhantomData<fn(T) -> T>);

impl<T> Stage for Keep<T> {
    type Item = T;
    fn push(&mut self, item: T) {
        self.0.push(item);
    }
    fn reset(&mut self) {
        self.0.clear();
    }
}

fn f<'i>(stage: &mut (dyn Stage<Item = &'i str> + 'i)) {
    specialize!(stage: [Keep<&'static str>] in { stage.reset(); });
}

fn main() {}

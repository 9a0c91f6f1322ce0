use static_call::static_dispatch;

#[static_dispatch]
trait Receiver {
    #[static_dispatch]
    fn receiver(&'static self) -> u8;
}

#[static_dispatch]
trait Argument<T> {
    #[static_dispatch]
    fn argument(&self, argument: &'static [T]) -> u8;
}

#[static_dispatch]
trait Result<'t, T> {
    #[static_dispatch]
    fn result(&self) -> Option<&'t T>;
}

#[static_dispatch]
trait Associated {
    type Item;
    #[static_dispatch]
    fn associated(&self, argument: &'static Self::Item) -> u8;
}

#[static_dispatch]
trait Longer<'t> {
    #[static_dispatch]
    fn longer<'a: 't>(&'a self) -> &'t u8;
}

fn main() {}

use static_call::static_dispatch;

#[static_dispatch]
trait Whole {
    #[static_dispatch]
    fn whole(&self) -> u8
    where
        Self: 'static;
}

#[static_dispatch]
trait Parameter<T> {
    #[static_dispatch]
    fn parameter(&self, argument: T) -> u8
    where
        T: 'static;
}

#[static_dispatch]
trait Associated {
    type Item;
    #[static_dispatch]
    fn associated(&self) -> u8
    where
        Self::Item: 'static;
}

#[static_dispatch]
trait OfTheTrait<'t> {
    #[static_dispatch]
    fn of_the_trait(&self) -> &'t u8
    where
        Self: 't;
}

fn main() {}

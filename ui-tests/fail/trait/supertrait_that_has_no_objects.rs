// Only rustc knows the supertrait: the words are its own.
use static_call::static_dispatch;

trait Named {
    fn named(name: &str) -> Self;
}

#[static_dispatch]
trait Shape: Named {
    #[static_dispatch]
    fn area(&self) -> f64;
}

fn main() {}

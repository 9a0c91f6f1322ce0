use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Solid<T> {
    #[static_dispatch]
    fn volume(&self) -> T;
}

struct Cube;

impl Solid<u8> for Cube {
    fn volume(&self) -> u8 {
        1
    }
}

fn hot<T>(solid: &dyn Solid<T>) -> T {
    static_call!(solid.volume(), inline = [Cube])
}

fn main() {}

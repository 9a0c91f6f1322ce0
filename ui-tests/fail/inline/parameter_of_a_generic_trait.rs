// The site's keys are shared by all instances of the function around it. What depends on
// these is listed at the method, or in a region.
use static_call::{specialize, static_call, static_dispatch};

#[static_dispatch]
trait Solid<T: Copy + 'static> {
    #[static_dispatch(inline = [Sphere<T>])]
    fn volume(&self) -> T;
}

struct Sphere<T>(T);

impl<T: Copy + 'static> Solid<T> for Sphere<T> {
    fn volume(&self) -> T {
        self.0
    }
}

fn of_the_method<T: Copy + 'static>(solid: &dyn Solid<T>) -> T {
    static_call!(solid.volume())
}

fn region<T: Copy + 'static>(solid: &(dyn Solid<T> + 'static)) -> T {
    specialize!(solid: [Sphere<T>] in { solid.volume() })
}

fn at_the_call<T: Copy + 'static>(solid: &dyn Solid<T>) -> T {
    static_call!(solid.volume(), inline = [Sphere<T>])
}

fn main() {}

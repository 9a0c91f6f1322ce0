//! A plugin with a type that its host lists, by the same name and with another layout.

use shapes::Shape;

static_call::export_plugin! {
    "square" => fn(side: u64) -> Box<dyn Shape> { solids::square(side) },
}

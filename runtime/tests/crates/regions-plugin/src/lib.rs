//! Makes squares with a vtable of its own.

use regions_shared::{Shape, Square};

/// A square.
#[unsafe(no_mangle)]
#[allow(improper_ctypes_definitions)]
pub extern "C" fn make_square(side: u64) -> Box<dyn Shape> {
    Box::new(Square(side))
}

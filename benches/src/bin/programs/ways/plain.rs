//! Plain calls of plain traits.

macro_rules! annotated {
    (#[$annotation:meta] $($trait:tt)*) => {
        $($trait)*
    };
}

macro_rules! call {
    ($call:expr $(, inline = $types:tt)?) => {
        $call
    };
}

macro_rules! region {
    ($receiver:ident, $types:tt, $block:block) => {
        $block
    };
}

macro_rules! mark {
    () => {
        crate::ways::mark_with!(0)
    };
}

#[path = "../work/mod.rs"]
pub(crate) mod work;

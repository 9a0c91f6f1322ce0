//! `static_call!` with `inline` lists.

macro_rules! annotated {
    ($($trait:tt)*) => {
        $($trait)*
    };
}

macro_rules! call {
    ($($call:tt)*) => {
        static_call::static_call!($($call)*)
    };
}

macro_rules! region {
    ($receiver:ident, $types:tt, $block:block) => {
        $block
    };
}

macro_rules! mark {
    () => {
        crate::ways::mark_with!(3)
    };
}

#[path = "../work/mod.rs"]
pub(crate) mod work;

//! `static_call!` without lists.

macro_rules! annotated {
    ($($trait:tt)*) => {
        $($trait)*
    };
}

macro_rules! call {
    ($call:expr $(, inline = $types:tt)?) => {
        static_call::static_call!($call)
    };
}

macro_rules! region {
    ($receiver:ident, $types:tt, $block:block) => {
        $block
    };
}

macro_rules! mark {
    () => {
        crate::ways::mark_with!(2)
    };
}

#[path = "../work/mod.rs"]
pub(crate) mod work;

//! What a loaded object has of each kind: call sites, traits, implementations, bindings,
//! regions. The linker puts them side by side, by linkme; where it cannot (wasm), there is
//! nothing to collect them, and the runtime does not know of them: they stay off.

/// `slice! { pub static NAME: [Type]; }` declares one. Expansions add to it by
/// `NAME! { #![linkme_macro = NAME] static … }`, which is what `linkme::distributed_slice`
/// writes on an element, but for three functions by which it has rustc compare the types.
#[cfg(not(target_family = "wasm"))]
macro_rules! slice {
    ($(#[$about:meta])* pub static $name:ident: [$element:ty];) => {
        $(#[$about])*
        #[linkme::distributed_slice]
        pub static $name: [$element];
    };
}

/// `slice! { pub static NAME: [Type]; }` declares an empty one.
#[cfg(target_family = "wasm")]
macro_rules! slice {
    ($(#[$about:meta])* pub static $name:ident: [$element:ty];) => {
        $(#[$about])*
        pub static $name: [$element; 0] = [];
    };
}

pub(crate) use slice;

/// An element of a slice that nothing collects.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
#[macro_export]
macro_rules! uncollected {
    (#![linkme_macro = $slice:path] $element:item) => {
        $element
    };
}

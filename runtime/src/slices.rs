//! What a loaded object has of each kind: call sites, traits, implementations, bindings,
//! regions. The linker puts them side by side, by linkme; where it cannot (wasm), there is
//! nothing to collect them, and the runtime does not know of them: they stay off.
//!
//! MinGW's linker takes out what nothing refers to (`--gc-sections`), records too; but no
//! section whose name begins with `.vectors`, nor what it refers to. So they have such names
//! there, and bounds of their own.

/// `slice! { pub static NAME: [Type]; }` declares one. Expansions add to it by
/// `NAME! { #![linkme_macro = NAME] static … }`, which is what `linkme::distributed_slice`
/// writes on an element, but for three functions by which it has rustc compare the types.
#[cfg(not(any(target_family = "wasm", all(windows, target_env = "gnu"))))]
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

/// `slice! { pub static NAME: [Type]; }` declares one, between bounds that the linker puts at
/// both ends: it sorts by what stands behind the `$`.
#[cfg(all(windows, target_env = "gnu"))]
macro_rules! slice {
    ($(#[$about:meta])* pub static $name:ident: [$element:ty];) => {
        $(#[$about])*
        pub static $name: $crate::slices::Kept<$element> = {
            #[unsafe(link_section = concat!(".vectors_", stringify!($name), "$a"))]
            static BEFORE: core::mem::MaybeUninit<$element> = core::mem::MaybeUninit::uninit();
            #[unsafe(link_section = concat!(".vectors_", stringify!($name), "$c"))]
            static AFTER: core::mem::MaybeUninit<$element> = core::mem::MaybeUninit::uninit();
            // SAFETY: the bounds of a section of this version's, where this crate's own macros
            // alone write, elements of this type.
            unsafe { $crate::slices::Kept::new(BEFORE.as_ptr(), AFTER.as_ptr()) }
        };
    };
}

pub(crate) use slice;

/// What the linker has put between two bounds.
#[cfg(all(windows, target_env = "gnu"))]
#[doc(hidden)]
pub struct Kept<T: 'static> {
    /// An element's room, which holds none.
    before: *const T,
    after: *const T,
}

#[cfg(all(windows, target_env = "gnu"))]
mod kept {
    use super::Kept;

    // SAFETY: leads to nothing but elements that all threads may read.
    unsafe impl<T: Sync> Sync for Kept<T> {}

    impl<T> Kept<T> {
        /// # Safety
        /// Between the two lie elements, next to each other, that are always there; at the
        /// first lies room for one.
        pub(crate) const unsafe fn new(before: *const T, after: *const T) -> Self {
            Kept { before, after }
        }
    }

    impl<T> core::ops::Deref for Kept<T> {
        type Target = [T];

        fn deref(&self) -> &'static [T] {
            // Not seen through: to the compiler they are two statics far from each other.
            let (before, after) = core::hint::black_box((self.before, self.after));
            let length = (after.addr() - before.addr()) / size_of::<T>() - 1;
            // SAFETY: elements up to `after`, by the contract of `new`.
            unsafe { core::slice::from_raw_parts(before.add(1), length) }
        }
    }
}

/// Declares what writes the elements of a slice.
#[cfg(all(windows, target_env = "gnu"))]
macro_rules! elements {
    ($d:tt $($name:ident in $section:literal;)*) => {$(
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $name {
            (#![linkme_macro = $d slice:path] $d element:item) => {
                #[used]
                #[unsafe(link_section = $section)]
                $d element
            };
        }
        pub use $name;
    )*};
}

#[cfg(all(windows, target_env = "gnu"))]
pub(crate) mod elements {
    //! As linkme has them, under the names of the slices.

    elements! { $
        kept_bindings in ".vectors_STATIC_CALL_BINDINGS_0_1_0$b";
        kept_declarations in ".vectors_STATIC_CALL_DECLARATIONS_0_1_0$b";
        kept_implementations in ".vectors_STATIC_CALL_IMPLEMENTATIONS_0_1_0$b";
        kept_regions in ".vectors_STATIC_CALL_REGIONS_0_1_0$b";
        kept_sites in ".vectors_STATIC_CALL_SITES_0_1_0$b";
        kept_static_keys in ".vectors_STATIC_CALL_STATIC_KEYS_0_1_0$b";
    }
}

/// An element of a slice that nothing collects.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
#[macro_export]
macro_rules! uncollected {
    (#![linkme_macro = $slice:path] $element:item) => {
        $element
    };
}

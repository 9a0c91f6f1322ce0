//! What `binding!` declares, as types.

use super::Loaded;

/// The type of the statics that `binding!` declares.
pub trait Bound {
    /// Its only value.
    const NEW: Self;
}

/// Whether a binding may be without an object.
pub trait Kind: 'static {
    /// Whether it may.
    const MAY_BE_UNBOUND: bool;

    /// What there is to load: a [`Loaded`], or one at most.
    type Loaded<D: ?Sized + 'static>;

    #[doc(hidden)]
    fn loaded<D: ?Sized + 'static>(loaded: Option<Loaded<D>>) -> Self::Loaded<D>;
}

impl Kind for Always {
    const MAY_BE_UNBOUND: bool = false;

    type Loaded<D: ?Sized + 'static> = Loaded<D>;

    fn loaded<D: ?Sized + 'static>(loaded: Option<Loaded<D>>) -> Loaded<D> {
        loaded.unwrap_or_else(|| never_unbound())
    }
}

impl Kind for Sometimes {
    const MAY_BE_UNBOUND: bool = true;

    type Loaded<D: ?Sized + 'static> = Option<Loaded<D>>;

    fn loaded<D: ?Sized + 'static>(loaded: Option<Loaded<D>>) -> Option<Loaded<D>> {
        loaded
    }
}

/// Kind of the bindings to which something is always bound.
pub enum Always {}

/// Kind of the bindings that are declared with `None`, and may be unbound.
pub enum Sometimes {}

/// What is bound at first.
pub enum Initial<D: ?Sized + 'static> {
    /// This object.
    Value(&'static Shared<D>),
    /// What this makes on first use.
    Lazy(fn() -> Box<D>),
    /// Nothing.
    Nothing,
}

/// A reference to what is bound at first.
#[repr(transparent)]
pub struct Shared<D: ?Sized + 'static> {
    /// The object. A field, since the user's expression stands there and in no unsafe code.
    pub reference: &'static D,
    /// Whose word it is that threads may share it.
    pub promise: Shares,
}

/// The word of whoever declares a binding that its object may be shared. `binding!` has rustc
/// check it, with a message of its own. Not `Copy`: the expression beside it could have it from
/// the static.
pub struct Shares(());

impl Shares {
    /// # Safety
    /// The object type beside it is [`Sync`].
    pub const unsafe fn new() -> Self {
        Shares(())
    }
}

// SAFETY: by the word of whoever made `promise`.
unsafe impl<D: ?Sized> Sync for Shared<D> {}

/// Whether bindings to objects of this type can be declared: those that any thread may
/// use.
#[diagnostic::on_unimplemented(
    message = "a binding's object is used by all threads, which `{Self}` may not be",
    label = "threads may not share this",
    note = "write `dyn Trait + Send + Sync`, or make these supertraits of the trait"
)]
///
/// # Safety
/// The type is [`Sync`].
pub unsafe trait Shareable {}

// SAFETY: it is, by the bound.
unsafe impl<D: Sync + ?Sized> Shareable for D {}

/// Never implemented: its message is all there is to it.
#[diagnostic::on_unimplemented(
    message = "a method with `&mut self` cannot be called through a binding, which all threads share",
    label = "needs an object that nobody shares",
    note = "take `&self` in the trait, with a `Mutex` or atomics inside the implementations"
)]
pub trait MethodOfASharedObject {}

/// Where a method has nothing to give while nothing is bound.
///
/// # Panics
/// Always. Such bindings are always bound, so that this is never reached.
#[cold]
#[inline(never)]
pub fn never_unbound() -> ! {
    panic!("a binding that is always bound has lost its object")
}

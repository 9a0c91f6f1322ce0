//! Bindings, seen from the methods that are called through them.

use super::DispatchedMethod;
use crate::bound::{Always, Binding, BindingRecord, Kind};

/// The type that carries a binding into its trampolines: each declaration has its own.
///
/// # Safety
/// For the expansion of `binding!`. `trampoline` returns a trampoline of this binding for that
/// method, and `binding` and `record` are those of this type alone.
pub unsafe trait BindingSite: 'static {
    /// The object type.
    type Object: ?Sized + 'static;
    /// [`Always`] or [`Sometimes`](crate::bound::Sometimes).
    type Kind: Kind;

    /// The binding.
    fn binding() -> &'static Binding<Self::Object, Self::Kind>;

    /// Its record.
    fn record() -> &'static BindingRecord;

    /// Its trampoline for a method, as the calling crate has it.
    fn trampoline<M: DispatchedMethod<Object = Self::Object>>() -> unsafe extern "C-unwind" fn();
}

/// A binding to which something is always bound.
#[diagnostic::on_unimplemented(
    message = "this method has no result while nothing is bound",
    label = "the binding may be without an object",
    note = "call it on what is bound, if anything is: `if let Some(object) = BINDING.load() {{ \
            object.method() }}`"
)]
pub trait AlwaysBound: BindingSite<Kind = Always> {}

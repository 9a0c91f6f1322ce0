//! Names of the hidden items. They are spelled for the error messages in which
//! users may meet them, and carry macro spans so that lints on names stay quiet.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;

/// Hidden supertrait whose one method leads from a vtable to its implementation.
pub(crate) fn hook(of_trait: &Ident) -> Ident {
    spanless(&format!("__{}StaticDispatch", of_trait.unraw()))
}

/// Extension trait that holds the shims, fallbacks and trampolines.
pub(crate) fn shims(of_trait: &Ident) -> Ident {
    spanless(&format!("__{}Shims", of_trait.unraw()))
}

/// The static that declares the trait to the registry.
pub(crate) fn declaration(of_trait: &Ident) -> Ident {
    spanless(&format!("__STATIC_DISPATCH_{}", of_trait.unraw()).to_uppercase())
}

/// Inherent method on the trait object that `static_call!` calls. Where it is
/// missing, rustc quotes the name, so the name says what would make it exist: for a
/// supertrait's method, `#[static_dispatch(supertrait = Base)]` on the receiver's trait, or
/// `(object as &dyn Base)`.
///
/// Calls with arguments and calls without have entries of their own, since they hand over
/// their gates differently: see [`call`](crate::expand).
pub(crate) fn entry(method: &Ident, has_arguments: bool) -> String {
    let without = if has_arguments { "" } else { "_" };
    format!(
        "{}{without}__needs_static_dispatch_on_its_declaration_and_a_dyn_receiver_of_that_trait__\
         or_of_one_whose_static_dispatch_names_it_as_supertrait__or_upcast_with_as",
        method.unraw()
    )
}

/// Inherent function on the trait object that a registered impl calls. As with
/// [`entry`], rustc quotes the name where it is missing.
pub(crate) fn registration() -> Ident {
    spanless("__needs_static_dispatch_above_the_trait")
}

pub(crate) fn shim(method: &Ident) -> Ident {
    spanless(&format!("__shim_{}", method.unraw()))
}

pub(crate) fn counted_fallback(method: &Ident) -> Ident {
    spanless(&format!("__counted_fallback_{}", method.unraw()))
}

pub(crate) fn fallback(method: &Ident) -> Ident {
    spanless(&format!("__fallback_{}", method.unraw()))
}

/// Type that stands for the trait, whatever its generics.
pub(crate) fn declared(of_trait: &Ident) -> Ident {
    spanless(&format!("__{}Declared", of_trait.unraw()))
}

/// Type of the statics that `binding!` declares for the trait.
pub(crate) fn bound(of_trait: &Ident) -> Ident {
    spanless(&format!("__{}Bound", of_trait.unraw()))
}

/// Where a binding's trampoline leads at rest.
pub(crate) fn rest_of_bound(method: &Ident) -> Ident {
    spanless(&format!("__rest_of_bound_{}", method.unraw()))
}

/// Where a binding's trampoline leads while nothing is bound.
pub(crate) fn unbound(method: &Ident) -> Ident {
    spanless(&format!("__unbound_{}", method.unraw()))
}

/// Type that stands for one binding.
pub(crate) fn binding(of_static: &Ident) -> Ident {
    spanless(&format!("__Binding_{}", of_static.unraw()))
}

/// Extension trait of object types that puts the guards of a list before a method.
pub(crate) fn guards(of_trait: &Ident) -> Ident {
    spanless(&format!("__{}Guards", of_trait.unraw()))
}

pub(crate) fn guarded(method: &Ident) -> Ident {
    spanless(&format!("__guarded_{}", method.unraw()))
}

/// Extension trait of object types by which an entry of `method` enters the guards.
pub(crate) fn entering(of_trait: &Ident, method: &Ident) -> Ident {
    spanless(&format!("__{}Enter_{}", of_trait.unraw(), method.unraw()))
}

/// Where an entry enters the guards.
pub(crate) fn enter(method: &Ident) -> Ident {
    spanless(&format!("__enter_{}", method.unraw()))
}

/// The guards that do not stand in the arm.
pub(crate) fn behind(method: &Ident) -> Ident {
    spanless(&format!("__behind_{}", method.unraw()))
}

/// The same, out of line.
pub(crate) fn outlined(method: &Ident) -> Ident {
    spanless(&format!("__outlined_{}", method.unraw()))
}

/// Type that stands for one dispatched method of one object type.
pub(crate) fn key(of_trait: &Ident, method: &Ident) -> Ident {
    spanless(&format!("__{}Method_{}", of_trait.unraw(), method.unraw()))
}

/// Method of an object trait that stands for `method`. It has a name of its own
/// because the object type has an inherent method with the user's.
pub(crate) fn forwarding(method: &Ident) -> Ident {
    spanless(&format!("__forwarding_{}", method.unraw()))
}

/// Inherent method of an object trait's plain object type that holds the call
/// site of `method`.
pub(crate) fn site_of(method: &Ident) -> Ident {
    spanless(&format!("__site_of_{}", method.unraw()))
}

/// An identifier at the place of the user's, but as a macro's: rustc points at the
/// user's method where it speaks of ours, and lints stay quiet.
pub(crate) fn located(at: &Ident, name: &str) -> Ident {
    let span = Span::call_site().located_at(at.span());
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, span),
        None => Ident::new(name, span),
    }
}

/// Tokens with other spans, inside groups too.
pub(crate) fn spanned(tokens: TokenStream, by: impl Fn(Span) -> Span + Copy) -> TokenStream {
    let respan = |token| {
        let mut token = match token {
            TokenTree::Group(group) => {
                TokenTree::Group(Group::new(group.delimiter(), spanned(group.stream(), by)))
            }
            token => token,
        };
        token.set_span(by(token.span()));
        token
    };
    tokens.into_iter().map(respan).collect()
}

/// The same identifier without the user's span: lints such as `deprecated`
/// then treat its uses as a foreign macro's.
pub(crate) fn quiet(ident: &Ident) -> Ident {
    let mut quiet = ident.clone();
    quiet.set_span(Span::call_site());
    quiet
}

fn spanless(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

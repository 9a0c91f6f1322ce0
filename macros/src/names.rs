//! Names of the hidden items. They are spelled for the error messages in which
//! users may meet them, and carry macro spans so that lints on names stay quiet.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;

/// Hidden supertrait whose one method leads from a vtable to its implementation.
pub(crate) fn hook(of_trait: &Ident) -> Ident {
    hidden(&format!("__{}StaticDispatch", of_trait.unraw()))
}

/// Extension trait that holds the shims, fallbacks and trampolines.
pub(crate) fn shims(of_trait: &Ident) -> Ident {
    hidden(&format!("__{}Shims", of_trait.unraw()))
}

/// The static that declares the trait to the registry.
pub(crate) fn declaration(of_trait: &Ident) -> Ident {
    hidden(&format!("__STATIC_DISPATCH_{}", of_trait.unraw()).to_uppercase())
}

/// Inherent method on the trait object that `static_call!` calls. Where it is missing,
/// rustc quotes the name, so the name says what would make it exist: a receiver that is
/// `dyn`, and `#[static_dispatch]` on the method and its trait.
///
/// Calls with arguments and calls without have entries of their own, since they hand over
/// their gates differently: see `expand::call`.
pub(crate) fn entry(method: &Ident, has_arguments: bool) -> String {
    let needs = if has_arguments {
        "__needs_dyn_static_dispatch"
    } else {
        "__needs_dyn_static_dispatch_"
    };
    fitted(&method.unraw().to_string(), needs)
}

/// Inherent function on the trait object that a registered impl calls. As with
/// [`entry`], rustc quotes the name where it is missing.
pub(crate) fn registration() -> Ident {
    spanless("__needs_static_dispatch_above_the_trait")
}

pub(crate) fn shim(method: &Ident) -> Ident {
    hidden(&format!("__shim_{}", method.unraw()))
}

pub(crate) fn counted_fallback(method: &Ident) -> Ident {
    hidden(&format!("__counted_fallback_{}", method.unraw()))
}

pub(crate) fn fallback(method: &Ident) -> Ident {
    hidden(&format!("__fallback_{}", method.unraw()))
}

/// Type that stands for the trait, whatever its generics.
pub(crate) fn declared(of_trait: &Ident) -> Ident {
    hidden(&format!("__{}Declared", of_trait.unraw()))
}

/// Type of the statics that `binding!` declares for the trait.
pub(crate) fn bound(of_trait: &Ident) -> Ident {
    hidden(&format!("__{}Bound", of_trait.unraw()))
}

/// Where a binding's trampoline leads at rest.
pub(crate) fn rest_of_bound(method: &Ident) -> Ident {
    hidden(&format!("__rest_of_bound_{}", method.unraw()))
}

/// Where a binding's trampoline leads while nothing is bound.
pub(crate) fn unbound(method: &Ident) -> Ident {
    hidden(&format!("__unbound_{}", method.unraw()))
}

/// The declared result of a method of a binding that nothing is bound to.
pub(crate) fn declared_result(method: &Ident) -> Ident {
    hidden(&format!("__declared_result_{}", method.unraw()))
}

/// Type that stands for one binding.
pub(crate) fn binding(of_static: &Ident) -> Ident {
    hidden(&format!("__Binding_{}", of_static.unraw()))
}

/// Type that stands for one static key.
pub(crate) fn static_key(of_static: &Ident) -> Ident {
    hidden(&format!("__StaticKey_{}", of_static.unraw()))
}

/// Extension trait of object types that puts the guards of a list before a method.
pub(crate) fn guards(of_trait: &Ident) -> Ident {
    hidden(&format!("__{}Guards", of_trait.unraw()))
}

pub(crate) fn guarded(method: &Ident) -> Ident {
    hidden(&format!("__guarded_{}", method.unraw()))
}

/// Extension trait of object types by which an entry of `method` enters the guards.
pub(crate) fn entering(of_trait: &Ident, method: &Ident) -> Ident {
    hidden(&format!("__{}Enter_{}", of_trait.unraw(), method.unraw()))
}

/// Where an entry enters the guards.
pub(crate) fn enter(method: &Ident) -> Ident {
    hidden(&format!("__enter_{}", method.unraw()))
}

/// The guards that do not stand in the arm.
pub(crate) fn behind(method: &Ident) -> Ident {
    hidden(&format!("__behind_{}", method.unraw()))
}

/// The same, out of line.
pub(crate) fn outlined(method: &Ident) -> Ident {
    hidden(&format!("__outlined_{}", method.unraw()))
}

/// Parameter that stands for an associated type which an object type must name.
pub(crate) fn associated(ty: &Ident) -> Ident {
    hidden(&format!("__Associated{}", ty.unraw()))
}

/// Type that stands for one dispatched method of one object type.
pub(crate) fn key(of_trait: &Ident, method: &Ident) -> Ident {
    hidden(&format!("__{}Method_{}", of_trait.unraw(), method.unraw()))
}

/// Method of an object trait that stands for `method`. It has a name of its own
/// because the object type has an inherent method with the user's.
pub(crate) fn forwarding(method: &Ident) -> Ident {
    hidden(&format!("__forwarding_{}", method.unraw()))
}

/// Inherent method of an object trait's plain object type that holds the call
/// site of `method`.
pub(crate) fn site_of(method: &Ident) -> Ident {
    hidden(&format!("__site_of_{}", method.unraw()))
}

/// An identifier at the place of the user's, but as a macro's: rustc points at the
/// user's method where it speaks of ours, and lints stay quiet.
pub(crate) fn located(at: &Ident, name: &str) -> Ident {
    let span = own(at.span());
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, span),
        None => Ident::new(name, span),
    }
}

/// The same place, as the macro's own word.
pub(crate) fn own(place: Span) -> Span {
    Span::call_site().located_at(place)
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

fn hidden(name: &str) -> Ident {
    spanless(&fitted(name, ""))
}

/// The most letters that a hidden name has: users meet it in backtraces and profiles.
pub(crate) const MOST_LETTERS: usize = 40;

/// The start with the end behind it, abbreviated where that has too many letters. Four
/// letters of a hash then tell it from others that begin the same way.
fn fitted(start: &str, end: &str) -> String {
    const LETTERS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const OF_HASH: usize = 4;
    if start.chars().count() + end.len() <= MOST_LETTERS {
        return format!("{start}{end}");
    }
    let mut hash = fnv(start);
    let mut name: String = start
        .chars()
        .take(MOST_LETTERS - end.len() - OF_HASH - 1)
        .collect();
    name.push('_');
    for _ in 0..OF_HASH {
        name.push(char::from(LETTERS[(hash % 62) as usize]));
        hash /= 62;
    }
    name + end
}

/// FNV-1a.
pub(crate) fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn spanless(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

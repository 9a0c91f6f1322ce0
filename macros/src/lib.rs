//! Procedural macros of the `static-call` crate. Depend on `static-call`, which
//! re-exports them; the two crates are released together.
//!
//! The pipeline, one module a stage:
//!
//! | module | stage |
//! |---|---|
//! | `regroup` | what `macro_rules!` substituted stays in one piece |
//! | `ast` | what was written: the trait or impl, and each method's signature |
//! | `attr` | what was asked: `targets`, `skip`, `crate` |
//! | `list` | which types are to be inlined |
//! | `outlives` | conditions that a method has and its trait has not |
//! | `valid` | what is refused, each refusal with what to write instead |
//! | `expand` | what is written for traits, impls and calls |
//!
//! On an error the item is still emitted as written, so that the user sees one
//! message and not the forty that a missing trait would cause.

use proc_macro::TokenStream;

mod ast;
mod attr;
mod expand;
mod list;
mod names;
mod outlives;
mod regroup;
mod rewrite;
#[cfg(test)]
mod tests;
mod valid;

/// See `static_call::static_dispatch`.
#[proc_macro_attribute]
pub fn static_dispatch(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = regroup::with_parentheses(item.into());
    let attribute = regroup::with_parentheses(attribute.into());
    expand::static_dispatch(attribute, &item).into()
}

/// The body of `static_call::static_call!`, which passes its own `$crate` first.
#[doc(hidden)]
#[proc_macro]
pub fn expand_static_call(input: TokenStream) -> TokenStream {
    expand::static_call(regroup::with_parentheses(input.into())).into()
}

/// The body of `static_call::binding!`, which passes its own `$crate` first.
#[doc(hidden)]
#[proc_macro]
pub fn expand_binding(input: TokenStream) -> TokenStream {
    expand::binding(regroup::with_parentheses(input.into())).into()
}

/// The body of `static_call::static_key!`, which passes its own `$crate` first.
#[doc(hidden)]
#[proc_macro]
pub fn expand_static_key(input: TokenStream) -> TokenStream {
    expand::static_key(regroup::with_parentheses(input.into())).into()
}

/// The body of `static_call::specialize!`, which passes its own `$crate` first.
#[doc(hidden)]
#[proc_macro]
pub fn expand_specialize(input: TokenStream) -> TokenStream {
    expand::specialize(regroup::with_parentheses(input.into())).into()
}

/// The body of `static_call!` in `no_std` builds: checks the syntax and leaves the plain call.
#[doc(hidden)]
#[proc_macro]
pub fn expand_plain_call(input: TokenStream) -> TokenStream {
    expand::plain_call(regroup::with_parentheses(input.into())).into()
}

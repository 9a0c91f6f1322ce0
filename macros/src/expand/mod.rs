//! What is written. Expansions are small and call into `static_call::__private`,
//! where they can be read, tested and changed.

mod call;
mod impl_;
mod trait_;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Error, ImplItem, Item, ItemImpl, Path, TraitItemFn};

pub(crate) use call::{plain_call, static_call};

/// Entry point of the attribute, whatever it stands on.
pub(crate) fn static_dispatch(attribute: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Trait(item)) => trait_::expand(attribute, item),
        Ok(Item::Impl(item)) if item.trait_.is_some() => impl_::expand(attribute, &item),
        Ok(Item::Impl(item)) => misplaced_on_impl(&item),
        Ok(Item::Fn(item)) if item.sig.receiver().is_none() => with_error(
            &item,
            Error::new_spanned(
                &item.sig.ident,
                "`#[static_dispatch]` works on traits, their methods and their impls; a free \
                 function is called directly already",
            ),
        ),
        Ok(Item::Fn(item)) => with_error(&item, lonely_method(&item.sig.ident)),
        parsed => match (syn::parse2::<TraitItemFn>(item.clone()), parsed) {
            (Ok(method), _) => with_error(&method, lonely_method(&method.sig.ident)),
            (Err(_), Err(error)) => with_error(&item, error),
            (Err(_), Ok(item)) => with_error(
                &item,
                Error::new(
                    proc_macro2::Span::call_site(),
                    "`#[static_dispatch]` works on a trait, on methods inside it, and on `impl \
                     Trait for Type`; move it there",
                ),
            ),
        },
    }
}

fn lonely_method(method: &proc_macro2::Ident) -> Error {
    Error::new_spanned(
        method,
        "`#[static_dispatch]` on a method needs `#[static_dispatch]` on its trait as well: write \
         it above `trait`",
    )
}

fn misplaced_on_impl(item: &ItemImpl) -> TokenStream {
    let at = item
        .items
        .iter()
        .find_map(|item| match item {
            ImplItem::Fn(method) => Some(method.sig.ident.to_token_stream()),
            _ => None,
        })
        .unwrap_or_else(|| item.self_ty.to_token_stream());
    with_error(
        item,
        Error::new_spanned(
            at,
            "inherent methods are called directly already; `#[static_dispatch]` goes on `impl \
             Trait for Type`",
        ),
    )
}

/// The item as written and the error beside it, so that one mistake stays one message.
fn with_error(item: &impl ToTokens, error: Error) -> TokenStream {
    let error = error.into_compile_error();
    quote!(#item #error)
}

/// All errors as one, or [`None`].
fn combined(errors: Vec<Error>) -> Option<Error> {
    errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    })
}

/// The path of `static_call::__private` as the user's crate sees it.
fn private_path(krate: Option<&Path>) -> TokenStream {
    match krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::static_call::__private),
    }
}

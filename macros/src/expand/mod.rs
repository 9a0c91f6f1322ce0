//! What is written. Expansions are small and call into `static_call::__private`,
//! where they can be read, tested and changed.

mod binding;
mod bound;
mod call;
mod conditional;
mod context;
mod declaration;
mod dispatching;
mod entries;
mod guards;
mod impl_;
mod inherited;
mod keys;
mod object;
mod order;
mod quick;
mod region;
mod shape;
mod shared;
mod shims;
mod static_key;
mod supertraits;
mod trait_;
mod upcast;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Item, TraitItemFn};

use crate::attr;
use shared::{combined, krate, with_error};

pub(crate) use binding::binding;
pub(crate) use call::{plain_call, static_call};
pub(crate) use region::specialize;
pub(crate) use static_key::static_key;

/// Entry point of the attribute, whatever it stands on.
pub(crate) fn static_dispatch(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let of_a_mock = || order::is_part_of_a_mock(item);
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Trait(item))
            if let Some(cases) = conditional::cases(&again(&attribute), &item) =>
        {
            cases
        }
        Ok(Item::Trait(item)) if order::goes_first(&item.attrs) => {
            order::after_the_others(&attribute, item)
        }
        Ok(Item::Trait(mut item)) => {
            let error = repeated(&mut item.attrs);
            let expanded = trait_::expand(attribute, item);
            quote!(#expanded #error)
        }
        Ok(Item::Impl(mut item)) if item.trait_.is_some() && !order::is_for_the_mock(&item) => {
            let error = repeated(&mut item.attrs);
            let expanded = impl_::expand(attribute, item);
            quote!(#expanded #error)
        }
        Ok(Item::Fn(item)) if order::delegates(&item) => item.into_token_stream(),
        Ok(Item::Fn(item)) if item.sig.receiver().is_some() && !of_a_mock() => {
            with_error(&item, lonely_method(&item.sig.ident, true))
        }
        Ok(Item::Verbatim(_)) | Err(_) if of_a_mock() => order::without_attributes(item.clone()),
        Ok(Item::Verbatim(_)) | Err(_) => match syn::parse2::<TraitItemFn>(item.clone()) {
            Ok(method) => with_error(&method, lonely_method(&method.sig.ident, false)),
            Err(error) => with_error(item, error),
        },
        Ok(other) if order::is_the_mock(&other) => {
            with_error(&order::without_attributes(item.clone()), misplaced(&other))
        }
        Ok(_) if of_a_mock() => order::without_attributes(item.clone()),
        Ok(other) => with_error(item, misplaced(&other)),
    }
}

/// The attribute once more.
fn again(attribute: &TokenStream) -> TokenStream {
    let krate = krate(attribute);
    quote!(#[#krate::static_dispatch(#attribute)])
}

/// The attribute once more on the same item.
fn repeated(attributes: &mut Vec<Attribute>) -> Option<TokenStream> {
    let errors = attr::take(attributes).into_iter().map(|attribute| {
        Error::new_spanned(
            attribute,
            "`#[static_dispatch]` is given twice on this item; keep one, with the options of both",
        )
    });
    combined(errors.collect()).map(Error::into_compile_error)
}

fn lonely_method(method: &Ident, has_body: bool) -> Error {
    let advice = if has_body {
        "write it above `trait`, or leave it off the methods of an impl"
    } else {
        "write it above `trait`"
    };
    Error::new_spanned(
        method,
        format!(
            "`#[static_dispatch]` on a method needs `#[static_dispatch]` on its trait as well: \
             {advice}"
        ),
    )
}

fn misplaced(item: &Item) -> Error {
    let places = "a trait, on methods inside it, and on `impl Trait for Type`";
    let (kind, at) = match item {
        Item::Fn(item) => {
            return Error::new_spanned(
                &item.sig.ident,
                "a free function is called directly already; remove `#[static_dispatch]`, which \
                 works on traits, their methods and their impls",
            );
        }
        Item::Impl(item) => {
            return Error::new_spanned(
                &item.self_ty,
                "inherent methods are called directly already; `#[static_dispatch]` goes on `impl \
                 Trait for Type`",
            );
        }
        item if order::is_the_mock(item) => {
            return Error::new(
                Span::call_site(),
                "`#[static_dispatch]` was below `#[automock]`, which copies it to what it writes; \
                 write `#[static_dispatch]` above `#[automock]`",
            );
        }
        Item::Struct(item) => ("a struct", item.ident.span()),
        Item::Enum(item) => ("an enum", item.ident.span()),
        Item::Union(item) => ("a union", item.ident.span()),
        Item::Mod(item) => ("a module", item.ident.span()),
        Item::Const(item) => ("a constant", item.ident.span()),
        Item::Static(item) => ("a static", item.ident.span()),
        Item::Type(item) => ("a type alias", item.ident.span()),
        Item::TraitAlias(item) => ("a trait alias", item.ident.span()),
        other => ("this item", other.span()),
    };
    Error::new(
        at,
        format!("{kind} has no methods to dispatch; `#[static_dispatch]` works on {places}"),
    )
}

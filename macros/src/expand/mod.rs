//! What is written. Expansions are small and call into `static_call::__private`,
//! where they can be read, tested and changed.

mod binding;
mod bound;
mod call;
mod context;
mod declaration;
mod entries;
mod guards;
mod impl_;
mod inherited;
mod keys;
mod object;
mod quick;
mod region;
mod shape;
mod shims;
mod trait_;
mod upcast;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Item, ItemTrait, Path, TraitItemFn};

use crate::attr;

pub(crate) use binding::binding;
pub(crate) use call::{plain_call, static_call};
pub(crate) use region::specialize;

/// Entry point of the attribute, whatever it stands on.
pub(crate) fn static_dispatch(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Trait(item)) if makes_methods_async(&item.attrs) => {
            after_the_others(&attribute, item)
        }
        Ok(Item::Trait(mut item)) => {
            let error = repeated(&mut item.attrs);
            let expanded = trait_::expand(attribute, item);
            quote!(#expanded #error)
        }
        Ok(Item::Impl(mut item)) if item.trait_.is_some() => {
            let error = repeated(&mut item.attrs);
            let expanded = impl_::expand(attribute, item);
            quote!(#expanded #error)
        }
        Ok(Item::Fn(item)) if item.sig.receiver().is_some() => {
            with_error(&item, lonely_method(&item.sig.ident, true))
        }
        Ok(Item::Verbatim(_)) | Err(_) => match syn::parse2::<TraitItemFn>(item.clone()) {
            Ok(method) => with_error(&method, lonely_method(&method.sig.ident, false)),
            Err(error) => with_error(item, error),
        },
        Ok(other) => with_error(item, misplaced(&other)),
    }
}

/// Whether `#[async_trait]` follows: until it has run, the methods are not those
/// that objects will have.
fn makes_methods_async(attributes: &[Attribute]) -> bool {
    let mut paths = attributes.iter().map(Attribute::path);
    paths.any(|path| {
        path.segments
            .last()
            .is_some_and(|last| last.ident == "async_trait")
    })
}

/// The item with the attribute behind its others, which run before.
fn after_the_others(attribute: &TokenStream, mut item: ItemTrait) -> TokenStream {
    let (options, _) = attr::parse_item(attribute.clone(), false);
    let krate = options.krate.as_ref();
    let krate = krate.map_or_else(|| quote!(::static_call), ToTokens::to_token_stream);
    item.attrs
        .push(syn::parse_quote!(#[#krate::static_dispatch(#attribute)]));
    item.into_token_stream()
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
    krate.map_or_else(
        || quote!(::static_call::__private),
        |path| quote!(#path::__private),
    )
}

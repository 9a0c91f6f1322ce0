//! The expansion of `#[static_dispatch]` on `impl Trait for Type`: the impl as
//! written, and one element of the registry's slice beside it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Error, GenericArgument, GenericParam, ImplItem, ItemImpl, Path, PathArguments, Type};

use super::order;
use super::shared::{combined, path_is_used, private_path, with_error};
use crate::{attr, names};

pub(crate) fn expand(attribute: TokenStream, mut item: ItemImpl) -> TokenStream {
    let is_mock = order::is_part_of_a_mock(&item.to_token_stream());
    // What is wrong is said of the mock itself.
    let error = misplaced_attributes(&mut item).filter(|_| !is_mock);
    match registration(attribute, &item) {
        Ok(registration) => quote!(#item #registration #error),
        Err(error) => with_error(&item, error),
    }
}

/// Takes the attribute off the impl's own items, where it means nothing.
fn misplaced_attributes(item: &mut ItemImpl) -> Option<TokenStream> {
    let methods = item.items.iter_mut().filter_map(|part| match part {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    });
    let errors = methods.flat_map(|method| attr::take(&mut method.attrs));
    let errors = errors.map(|attribute| {
        Error::new_spanned(
            attribute,
            "methods are annotated in the trait; remove `#[static_dispatch]` here and keep the \
             one above `impl`",
        )
    });
    combined(errors.collect()).map(Error::into_compile_error)
}

fn registration(attribute: TokenStream, item: &ItemImpl) -> syn::Result<TokenStream> {
    let (options, error) = attr::parse_item(attribute, true);
    if let Some(error) = error {
        return Err(error);
    }
    let (path, _) = item.trait_.as_ref().expect("the caller saw the trait");
    if let Some(negative) = item.modifiers.polarity {
        return Err(Error::new_spanned(
            negative,
            "a negative impl has nothing to register; remove `#[static_dispatch]`",
        ));
    }
    if let Some(parameter) = item
        .generics
        .params
        .iter()
        .find(|parameter| !matches!(parameter, GenericParam::Lifetime(_)))
    {
        return Err(Error::new_spanned(
            parameter,
            "a generic impl stands for many types, none of which can be registered here; remove \
             `#[static_dispatch]` (call sites meet its types at run time), or pass an object of \
             the type to `runtime::register`",
        ));
    }
    if is_unsized(&item.self_ty) {
        return Err(Error::new_spanned(
            &item.self_ty,
            "an unsized type does not coerce to a trait object, so there is nothing to register; \
             remove `#[static_dispatch]`",
        ));
    }
    if cfg!(not(feature = "std")) {
        return Ok(path_is_used(options.krate.as_ref()).unwrap_or_default());
    }
    let private = private_path(options.krate.as_ref());
    let cfgs = item
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"));
    let lifetimes = item
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Lifetime(lifetime) => Some(&lifetime.lifetime),
            _ => None,
        });
    let lifetimes: Vec<_> = lifetimes.collect();
    let object = object_bound(path, item);
    let mut registration = names::registration();
    // Where it is missing, the fault is the trait's.
    if let Some(last) = path.segments.last() {
        registration.set_span(last.ident.span());
    }
    let ty = &item.self_ty;
    // Registration needs one vtable, and vtables do not depend on lifetimes: a
    // function with the impl's lifetimes is instantiated with whatever fits.
    Ok(quote! {
        #(#cfgs)*
        const _: () = {
            fn __implementation<#(#lifetimes: 'static),*>() -> #private::Implementation {
                <dyn #object>::#registration::<#ty>()
            }
            #private::IMPLEMENTATIONS! {
                #![linkme_macro = #private::IMPLEMENTATIONS]
                static __IMPLEMENTATION: #private::RegisteredImplementation =
                    #private::RegisteredImplementation::new(__implementation);
            }
        };
    })
}

fn is_unsized(ty: &Type) -> bool {
    match ty {
        Type::Slice(_) | Type::TraitObject(_) => true,
        Type::Path(path) => path.qself.is_none() && path.path.is_ident("str"),
        Type::Paren(paren) => is_unsized(&paren.elem),
        Type::Group(group) => is_unsized(&group.elem),
        _ => false,
    }
}

/// `Trait<A>` with the impl's associated types named, as an object type needs them.
fn object_bound(path: &Path, item: &ItemImpl) -> TokenStream {
    let mut path = path.clone();
    let bindings: Vec<GenericArgument> = item
        .items
        .iter()
        .filter_map(|part| match part {
            ImplItem::Type(ty) if ty.generics.params.is_empty() => {
                let (name, ty) = (&ty.ident, &ty.ty);
                Some(syn::parse_quote!(#name = #ty))
            }
            _ => None,
        })
        .collect();
    if bindings.is_empty() {
        return path.into_token_stream();
    }
    let last = path
        .segments
        .last_mut()
        .expect("a path has at least one segment");
    match &mut last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.extend(bindings),
        arguments => {
            *arguments = PathArguments::AngleBracketed(syn::parse_quote!(<#(#bindings),*>));
        }
    }
    path.into_token_stream()
}

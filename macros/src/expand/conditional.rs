//! `#[cfg_attr(feature = "fast", static_dispatch)]` on a method, by which a library makes
//! this crate optional. rustc hands over the trait with such attributes as they stand, and
//! a macro cannot ask whether a condition holds. So the trait is written twice, once for
//! either case, with the condition in front and the attribute once more: rustc drops one,
//! and the other comes back here without that condition.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, ItemTrait, Meta, Token, TraitItem};

/// Attributes on methods and associated types that change what is written for them, and on
/// the trait: see [`order`](super::order).
const MATTER: [&str; 9] = [
    "static_dispatch",
    "cfg",
    "track_caller",
    "deprecated",
    "must_use",
    "allow",
    "expect",
    "async_trait",
    "auto_impl",
];

/// The trait for either case of the first condition that matters; [`None`] if there is none.
/// `again` is the attribute that brings each back.
pub(super) fn cases(again: &TokenStream, item: &ItemTrait) -> Option<TokenStream> {
    let mut attributes = item.attrs.iter().chain(item.items.iter().flat_map(of_part));
    let condition = attributes.find_map(condition)?;
    let case = |holds: bool| {
        let mut item = item.clone();
        decide(&mut item.attrs, &condition, holds);
        for part in &mut item.items {
            if let Some(attributes) = attributes_of(part) {
                decide(attributes, &condition, holds);
            }
        }
        item
    };
    let (met, unmet) = (case(true), case(false));
    Some(quote! {
        #[cfg(#condition)]
        #again
        #met
        #[cfg(not(#condition))]
        #again
        #unmet
    })
}

/// The condition of a `cfg_attr` that matters.
fn condition(attribute: &Attribute) -> Option<TokenStream> {
    let (condition, attributes) = parts(&attribute.meta)?;
    attributes.iter().any(matters).then_some(condition)
}

fn matters(meta: &Meta) -> bool {
    let last = meta.path().segments.last();
    last.is_some_and(|last| MATTER.iter().any(|name| last.ident == name))
        || parts(meta).is_some_and(|(_, attributes)| attributes.iter().any(matters))
}

/// `condition` and `a, b` of `cfg_attr(condition, a, b)`.
fn parts(meta: &Meta) -> Option<(TokenStream, Vec<Meta>)> {
    let Meta::List(list) = meta else { return None };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let mut metas = list.parse_args_with(parser).ok()?.into_iter();
    let condition = metas.next()?.into_token_stream();
    Some((condition, metas.collect()))
}

/// What the attributes are in one case.
fn decide(attributes: &mut Vec<Attribute>, condition: &TokenStream, holds: bool) {
    let written = condition.to_string();
    let decided = |attribute: Attribute| match parts(&attribute.meta) {
        Some((condition, metas)) if condition.to_string() == written => {
            let metas = metas.into_iter().filter(|_| holds);
            let metas = metas.map(|meta| Attribute {
                meta,
                ..attribute.clone()
            });
            metas.collect()
        }
        _ => vec![attribute],
    };
    *attributes = std::mem::take(attributes)
        .into_iter()
        .flat_map(decided)
        .collect();
}

fn of_part(part: &TraitItem) -> &[Attribute] {
    match part {
        TraitItem::Fn(part) => &part.attrs,
        TraitItem::Type(part) => &part.attrs,
        TraitItem::Const(part) => &part.attrs,
        _ => &[],
    }
}

fn attributes_of(part: &mut TraitItem) -> Option<&mut Vec<Attribute>> {
    match part {
        TraitItem::Fn(part) => Some(&mut part.attrs),
        TraitItem::Type(part) => Some(&mut part.attrs),
        TraitItem::Const(part) => Some(&mut part.attrs),
        _ => None,
    }
}

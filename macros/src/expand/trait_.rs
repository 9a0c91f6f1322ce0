//! The expansion of `#[static_dispatch]` on a trait: it is read, checked, and written with
//! what makes it dispatch ([`dispatching`]) and, where it is asked for, with a second trait
//! ([`object`]).

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ItemTrait;

use super::context::Context;
use super::declaration::layout_hash;
use super::dispatching::dispatching;
use super::object;
use super::shared::combined;
use crate::ast::Trait;
use crate::{attr, valid};

pub(crate) fn expand(attribute: TokenStream, item: ItemTrait) -> TokenStream {
    let written = item.to_token_stream().to_string();
    let (options, error) = attr::parse_item(attribute, false);
    let mut errors = Vec::from_iter(error);
    let mut input = Trait::read(item, options, &mut errors);
    let has_objects = valid::trait_(&mut input, &mut errors);
    let error = combined(errors).map(syn::Error::into_compile_error);
    if !has_objects {
        let item = &input.item;
        return quote!(#item #error);
    }
    let layout = layout_hash(&written);
    let name = input.options.object.take();
    let object = name.map(|name| object::expand(&Context::new(&input, layout), &name));
    let dispatching = dispatching(input, layout);
    // What is sound of a faulty trait still dispatches: its calls are no errors.
    quote!(#dispatching #object #error)
}

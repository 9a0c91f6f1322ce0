//! `inline = [A, B]`: the list of types, as calls, methods and regions write it.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Result, Token, Type, bracketed};

use crate::rewrite;

/// As many keys as a cache line holds.
const MOST: usize = 8;

/// A list, and where it stands.
pub(crate) struct Inline {
    pub(crate) types: Vec<Type>,
    pub(crate) at: Span,
}

/// What follows `inline`: `= [A, B]`.
pub(crate) fn inline(input: ParseStream, after: Span) -> Result<Inline> {
    const ADVICE: &str = "`inline` needs a list of types: write `inline = [A, B]`";
    if !input.peek(Token![=]) {
        return Err(Error::new(after, ADVICE));
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() {
        return Err(Error::new(after, ADVICE));
    }
    if !input.peek(syn::token::Bracket) {
        return Err(input.error(ADVICE));
    }
    let at = input.span();
    let types = types(input)?;
    // At a call the list moves into an item, and in a trait it holds for all.
    let of_self = types.iter().find(|ty| rewrite::mentions_self(*ty));
    match of_self {
        Some(ty) => Err(Error::new_spanned(
            ty,
            "`Self` names no one type in a list; write the type's name",
        )),
        None => Ok(Inline { types, at }),
    }
}

/// `[A, B]`: 1 to 8 types, each once.
pub(crate) fn types(input: ParseStream) -> Result<Vec<Type>> {
    let content;
    let bracket = bracketed!(content in input);
    let types = match Punctuated::<Type, Token![,]>::parse_terminated(&content) {
        Ok(types) => types.into_iter().collect::<Vec<_>>(),
        Err(error) => {
            // What is left behind would be reported instead.
            content.parse::<TokenStream>()?;
            return Err(Error::new(
                error.span(),
                "a type is expected here: write `[A, B]`",
            ));
        }
    };
    if types.is_empty() {
        return Err(Error::new(
            bracket.span.join(),
            "the list is empty; name the types whose bodies are to be inlined, 1 to 8",
        ));
    }
    if let Some(one) = types.get(MOST) {
        return Err(Error::new_spanned(
            one,
            "a list names at most 8 types; keep the most frequent ones",
        ));
    }
    for (index, ty) in types.iter().enumerate() {
        check(ty)?;
        let text = ty.to_token_stream().to_string();
        if types[..index]
            .iter()
            .any(|other| other.to_token_stream().to_string() == text)
        {
            return Err(Error::new_spanned(
                ty,
                "this type is in the list already; keep one",
            ));
        }
    }
    Ok(types)
}

fn check(ty: &Type) -> Result<()> {
    // A region names its types in more than one place: each `_` could be another type.
    if let Some(inside) = rewrite::placeholder(ty) {
        return Err(Error::new(
            inside,
            "this names no type by itself; write out each type whose body is to be inlined",
        ));
    }
    match ty {
        Type::TraitObject(_) => Err(Error::new_spanned(
            ty,
            "a trait object has no body to inline; name the types behind it",
        )),
        Type::ImplTrait(_) => Err(Error::new_spanned(
            ty,
            "this names no type; name each type whose body is to be inlined",
        )),
        Type::Slice(_) => Err(Error::new_spanned(
            ty,
            "a type without a size stands behind no trait object; name those that do",
        )),
        Type::Never(_) => Err(Error::new(ty.span(), "`!` has no values to call")),
        _ => Ok(()),
    }
}

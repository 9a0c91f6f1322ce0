//! `inline = [A, B]`: the list of types, as calls, methods and regions write it.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Result, Token, Type, bracketed};

use crate::rewrite;

/// As many keys as a cache line holds.
const MOST: usize = 8;

/// Types with a condition in one list: each doubles what has to be written.
const MOST_CONDITIONS: usize = 4;

/// A list, and where it stands.
pub(crate) struct Inline {
    pub(crate) types: Vec<Listed>,
    pub(crate) at: Span,
}

/// A type in a list, with its `#[cfg(…)]`.
#[derive(Clone)]
pub(crate) struct Listed {
    pub(crate) cfg: Option<Attribute>,
    pub(crate) ty: Type,
}

impl Parse for Listed {
    fn parse(input: ParseStream) -> Result<Self> {
        let mut cfg = None;
        for attribute in input.call(Attribute::parse_outer)? {
            if !attribute.path().is_ident("cfg") || cfg.is_some() {
                return Err(Error::new_spanned(
                    attribute,
                    "a type in a list may have one `#[cfg(…)]` and no other attribute",
                ));
            }
            attribute.meta.require_list()?;
            cfg = Some(attribute);
        }
        Ok(Listed {
            cfg,
            ty: input.parse()?,
        })
    }
}

impl ToTokens for Listed {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.cfg.to_tokens(tokens);
        self.ty.to_tokens(tokens);
    }
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
    let (types, ends) = parsed::<Listed>(input)?;
    check(&types, ends)?;
    // At a call the list moves into an item, and in a trait it holds for all.
    let of_self = types.iter().find(|one| rewrite::mentions_self(&one.ty));
    let mut conditions = types.iter().filter_map(|one| one.cfg.as_ref());
    if let Some(one) = conditions.nth(MOST_CONDITIONS) {
        return Err(Error::new_spanned(
            one,
            "at most 4 types of a list may have conditions",
        ));
    }
    match of_self {
        Some(Listed { ty, .. }) => Err(Error::new_spanned(
            ty,
            "`Self` names no one type in a list; write the type's name",
        )),
        None => Ok(Inline { types, at }),
    }
}

/// `[A, B]`: 1 to 8 types, each once.
pub(crate) fn types(input: ParseStream) -> Result<Vec<Type>> {
    let (types, ends) = parsed::<Type>(input)?;
    let listed: Vec<_> = types
        .into_iter()
        .map(|ty| Listed { cfg: None, ty })
        .collect();
    check(&listed, ends)?;
    Ok(listed.into_iter().map(|one| one.ty).collect())
}

/// What stands in the brackets, and where they are.
fn parsed<T: Parse>(input: ParseStream) -> Result<(Vec<T>, Span)> {
    let content;
    let bracket = bracketed!(content in input);
    match Punctuated::<T, Token![,]>::parse_terminated(&content) {
        Ok(types) => Ok((types.into_iter().collect(), bracket.span.join())),
        Err(error) => {
            // What is left behind would be reported instead.
            let expects_type = !content.is_empty() && !content.peek(Token![#]);
            content.parse::<TokenStream>()?;
            let message = error.to_string();
            if !expects_type || message.starts_with("a type in a list") {
                return Err(error);
            }
            Err(Error::new(
                error.span(),
                "a type is expected here: write `[A, B]`",
            ))
        }
    }
}

/// Whether such a list can be compiled.
fn check(types: &[Listed], brackets: Span) -> Result<()> {
    if types.is_empty() {
        return Err(Error::new(
            brackets,
            "the list is empty; name the types whose bodies are to be inlined, 1 to 8",
        ));
    }
    if let Some(one) = types.get(MOST) {
        return Err(Error::new_spanned(
            one,
            "a list names at most 8 types; keep the most frequent ones",
        ));
    }
    for (index, one) in types.iter().enumerate() {
        check_one(&one.ty)?;
        let text = one.ty.to_token_stream().to_string();
        // Of two conditions at most one may hold.
        let same = |other: &&Listed| {
            other.ty.to_token_stream().to_string() == text
                && (other.cfg.is_none() || one.cfg.is_none())
        };
        if types[..index].iter().any(|other| same(&other)) {
            return Err(Error::new_spanned(
                one,
                "this type is in the list already; keep one",
            ));
        }
    }
    Ok(())
}

fn check_one(ty: &Type) -> Result<()> {
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

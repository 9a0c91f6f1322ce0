//! Other attribute macros on the same trait. Each runs on what those above it have written,
//! so that the order matters to the macros; it is not to matter to users. The guide has a
//! table, and `ui-tests` a program for each row.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Expr, Item, ItemFn, ItemImpl, ItemTrait, Stmt, Type};

use super::shared::krate;
use crate::attr;

/// Macros that are to have run before: until then, methods are not those that objects will
/// have, or the supertrait that this crate adds is in their way.
const FIRST: [&str; 2] = ["async_trait", "auto_impl"];

/// Whether one of these follows.
pub(super) fn goes_first(attributes: &[Attribute]) -> bool {
    let mut paths = attributes.iter().map(Attribute::path);
    paths.any(|path| {
        let last = path.segments.last();
        last.is_some_and(|last| FIRST.iter().any(|name| last.ident == name))
    })
}

/// The item with the attribute behind its others, which run before, and on its methods, by
/// the one name for such attributes that `mockall` does not copy to what it writes.
pub(super) fn after_the_others(attribute: &TokenStream, mut item: ItemTrait) -> TokenStream {
    let krate = krate(attribute);
    for part in &mut item.items {
        if let syn::TraitItem::Fn(method) = part {
            attr::rename(
                &mut method.attrs,
                &syn::parse_quote!(#krate::__private::instrument),
            );
        }
    }
    item.attrs
        .push(syn::parse_quote!(#[#krate::__private::instrument(#attribute)]));
    item.into_token_stream()
}

/// Whether the method is one that `enum_dispatch` wrote, with the attributes of the trait's:
/// `match self { Shapes::Circle(inner) => Shape::area(inner, …), … }`. It calls the type's
/// method directly, and needs no attribute.
pub(super) fn delegates(item: &ItemFn) -> bool {
    let [Stmt::Expr(Expr::Match(body), None)] = &item.block.stmts[..] else {
        return false;
    };
    let calls_it = |expression: &Expr| match expression {
        Expr::Call(call) => match &*call.func {
            Expr::Path(function) => {
                let last = function.path.segments.last();
                last.is_some_and(|last| last.ident == item.sig.ident)
            }
            _ => false,
        },
        _ => false,
    };
    matches!(&*body.expr, Expr::Path(receiver) if receiver.path.is_ident("self"))
        && body.arms.iter().all(|arm| calls_it(&arm.body))
}

/// Whether `mockall` names such types so; those with `_` are further parts of a mock.
pub(super) fn is_the_mock(item: &Item) -> bool {
    match item {
        Item::Struct(item) => {
            let name = item.ident.to_string();
            name.starts_with("Mock") && !name.contains('_')
        }
        _ => false,
    }
}

/// Whether `mockall` wrote the item and copied the attribute to it: what is wrong is said of
/// the mock itself.
pub(super) fn is_part_of_a_mock(item: &TokenStream) -> bool {
    item.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => {
            let ident = ident.to_string();
            ident == "mockall"
                || ident.ends_with("_expectations")
                || ident.starts_with("Mock") && ident.contains('_')
        }
        TokenTree::Group(group) => is_part_of_a_mock(&group.stream()),
        _ => false,
    })
}

/// Whether `mockall` wrote the impl for a part of a mock. (For the mock itself, too, but that
/// may have been written by hand.)
pub(super) fn is_for_the_mock(item: &ItemImpl) -> bool {
    let of_a_mock = |ty: &Type| match ty {
        Type::Path(ty) => ty.path.segments.last().is_some_and(|last| {
            let name = last.ident.to_string();
            name.starts_with("Mock") && name.contains('_')
        }),
        _ => false,
    };
    of_a_mock(&item.self_ty)
}

/// Without the copies of the attribute inside, many of which stand where none may.
pub(super) fn without_attributes(tokens: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if is_ours(&group, kept.last()) => {
                kept.pop();
            }
            TokenTree::Group(group) => {
                let inside = without_attributes(group.stream());
                let mut without = Group::new(group.delimiter(), inside);
                without.set_span(group.span());
                kept.push(without.into());
            }
            other => kept.push(other),
        }
    }
    kept.into_iter().collect()
}

/// Whether it is the brackets of `#[path::static_dispatch…]`.
fn is_ours(group: &Group, before: Option<&TokenTree>) -> bool {
    let is_attribute = group.delimiter() == Delimiter::Bracket
        && matches!(before, Some(TokenTree::Punct(before)) if before.as_char() == '#');
    let path = group.stream().into_iter().take_while(|token| match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => punct.as_char() == ':',
        _ => false,
    });
    let last = path.last();
    is_attribute && matches!(last, Some(TokenTree::Ident(last)) if last == "static_dispatch")
}

//! Parentheses for what `macro_rules!` substituted.
//!
//! `$e:expr` stands in invisible delimiters that keep it one expression. They do
//! not survive a procedural macro: rustc parses its output as if they were not
//! there, and `2 * $e` with `1 + 2` for `$e` would be 4. So each is replaced by
//! parentheses, where these are needed and allowed.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::Expr;

/// Replaces the invisible delimiters around expressions, however deep.
pub(crate) fn with_parentheses(tokens: TokenStream) -> TokenStream {
    let mut follows_hash = false;
    tokens
        .into_iter()
        .map(|token| {
            let is_attribute = std::mem::replace(
                &mut follows_hash,
                matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#'),
            );
            match token {
                // `#[$meta]`: `doc = "…"` looks like an assignment.
                TokenTree::Group(group) if !is_attribute => regrouped(&group),
                token => token.into(),
            }
        })
        .collect()
}

fn regrouped(group: &Group) -> TokenStream {
    let inner = with_parentheses(group.stream());
    // `$t:ty` is what it would be if it were written there.
    if group.delimiter() == Delimiter::None && !falls_apart(&inner) && is_type(&inner) {
        return inner;
    }
    let (delimiter, span) = match group.delimiter() {
        Delimiter::None if falls_apart(&inner) => (
            Delimiter::Parenthesis,
            // Not the user's parentheses: none of the lints on them.
            group.span().resolved_at(Span::call_site()),
        ),
        delimiter => (delimiter, group.span()),
    };
    let mut regrouped = Group::new(delimiter, inner);
    regrouped.set_span(span);
    TokenTree::Group(regrouped).into()
}

/// Whether the tokens are a type and more than a name.
fn is_type(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().nth(1).is_some() && syn::parse2::<syn::Type>(tokens.clone()).is_ok()
}

/// Whether the tokens are an expression that may lose an end to its neighbours.
/// Types and patterns that parse as one, `&T` and `1 | 2`, bear parentheses too;
/// blocks and statements would not.
fn falls_apart(tokens: &TokenStream) -> bool {
    let is_single = tokens.clone().into_iter().nth(1).is_none();
    // `&$t` with `dyn A + B` for `$t`.
    let has_many_bounds = || match syn::parse2::<syn::Type>(tokens.clone()) {
        Ok(syn::Type::TraitObject(object)) => object.bounds.len() > 1,
        _ => false,
    };
    !is_single
        && (matches!(
            syn::parse2::<Expr>(tokens.clone()),
            Ok(Expr::Assign(_)
                | Expr::Binary(_)
                | Expr::Break(_)
                | Expr::Cast(_)
                | Expr::Closure(_)
                | Expr::If(_)
                | Expr::Match(_)
                | Expr::Range(_)
                | Expr::RawAddr(_)
                | Expr::Reference(_)
                | Expr::Return(_)
                | Expr::Struct(_)
                | Expr::Unary(_)
                | Expr::Yield(_))
        ) || has_many_bounds())
}

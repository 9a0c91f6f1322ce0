//! `static_call!` on simple calls, without a parser: call sites are many, and in a debug
//! build procedural macros are not optimized, so that parsing one call took as long as
//! rustc takes to check its items.
//!
//! What is recognized here is recognized for sure: names, `self`, literals, fields,
//! calls, indexing and `?`, one behind the other, and operators in front of arguments.
//! All else, and all that is wrong, is left to the parser, which also says what is wrong.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;

/// `receiver . method (arguments)`.
pub(super) struct Quick {
    pub(super) receiver: Vec<TokenTree>,
    dot: TokenTree,
    pub(super) method: Ident,
    arguments: Group,
}

impl Quick {
    /// [`None`] is no answer: the parser knows.
    pub(super) fn read(written: &[TokenTree]) -> Option<Quick> {
        let [
            receiver @ ..,
            dot,
            TokenTree::Ident(method),
            TokenTree::Group(arguments),
        ] = written
        else {
            return None;
        };
        let is_call = is(dot, '.')
            && arguments.delimiter() == Delimiter::Parenthesis
            && is_name(method)
            && is_chain(receiver)
            && is_list(&arguments.stream());
        is_call.then(|| Quick {
            receiver: receiver.to_vec(),
            dot: dot.clone(),
            method: method.clone(),
            arguments: arguments.clone(),
        })
    }

    pub(super) fn has_arguments(&self) -> bool {
        !self.arguments.stream().is_empty()
    }

    /// The same call of another method, with the gate beside the first argument.
    pub(super) fn with(self, method: Ident, site: TokenStream) -> TokenStream {
        let written: Vec<_> = self.arguments.stream().into_iter().collect();
        // What stands between commas is an expression: see `is_list`.
        let comma = written.iter().position(|token| is(token, ','));
        let (first, rest) = written.split_at(comma.unwrap_or(written.len()));
        let mut arguments = if first.is_empty() {
            site
        } else {
            beside(&site, &first.iter().cloned().collect())
        };
        arguments.extend(rest.iter().cloned());
        let mut group = Group::new(Delimiter::Parenthesis, arguments);
        group.set_span(self.arguments.span());
        let call = [self.dot, method.into(), group.into()];
        self.receiver.into_iter().chain(call).collect()
    }
}

/// Expressions and commas between them.
fn is_list(tokens: &TokenStream) -> bool {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    let mut parts: Vec<_> = tokens.split(|token| is(token, ',')).collect();
    if parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
    }
    parts.into_iter().all(is_argument)
}

/// An expression, operators in front included.
fn is_argument(mut tokens: &[TokenTree]) -> bool {
    while let [first, rest @ ..] = tokens {
        let is_borrow = is(first, '&');
        if !is_borrow && !is(first, '*') && !is(first, '-') && !is(first, '!') {
            break;
        }
        tokens = match rest {
            [TokenTree::Ident(word), rest @ ..] if is_borrow && word == "mut" => rest,
            rest => rest,
        };
    }
    is_chain(tokens) || matches!(tokens, [TokenTree::Literal(_)])
}

/// A name or something in parentheses, and what may follow it.
fn is_chain(tokens: &[TokenTree]) -> bool {
    let Some((first, mut rest)) = tokens.split_first() else {
        return false;
    };
    let starts = match first {
        TokenTree::Ident(name) => name == "self" || is_name(name),
        TokenTree::Group(group) => {
            group.delimiter() == Delimiter::Parenthesis && is_list(&group.stream())
        }
        _ => false,
    };
    if !starts {
        return false;
    }
    loop {
        rest = match rest {
            [] => return true,
            [dot, TokenTree::Ident(name), rest @ ..] if is(dot, '.') && is_name(name) => rest,
            // More than digits are two fields, or none.
            [dot, TokenTree::Literal(index), rest @ ..]
                if is(dot, '.') && index.to_string().bytes().all(|b| b.is_ascii_digit()) =>
            {
                rest
            }
            [question, rest @ ..] if is(question, '?') => rest,
            [TokenTree::Group(group), rest @ ..] if is_call_or_index(group) => rest,
            _ => return false,
        };
    }
}

fn is_call_or_index(group: &Group) -> bool {
    match group.delimiter() {
        Delimiter::Parenthesis => is_list(&group.stream()),
        Delimiter::Bracket => is_argument(&Vec::from_iter(group.stream())),
        _ => false,
    }
}

fn is(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// Whether it names something, in every edition.
fn is_name(ident: &Ident) -> bool {
    const WORDS: [&str; 53] = [
        "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
        "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
        "return", "self", "Self", "static", "struct", "super", "trait", "true", "try", "type",
        "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "abstract",
        "_",
    ];
    WORDS.iter().all(|word| ident != word)
}

/// The gate and the first argument: a pair, so that rustc counts the arguments as written.
///
/// At the argument's place, where rustc points to what is no argument of the method's.
pub(super) fn beside(site: &TokenStream, first: &TokenStream) -> TokenStream {
    let at = first.clone().into_iter().next();
    let at = at.map_or_else(Span::call_site, |at| at.span());
    let mut pair = Group::new(Delimiter::Parenthesis, quote!(#site, #first));
    pair.set_span(Span::call_site().located_at(at));
    TokenTree::Group(pair).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str) -> Option<Quick> {
        let tokens: TokenStream = written.parse().expect("these are tokens");
        Quick::read(&Vec::from_iter(tokens))
    }

    /// Whatever is recognized is a method call to the parser too, and the same one.
    #[test]
    fn what_is_recognized_the_parser_reads_the_same_way() {
        for written in [
            "a.b()",
            "self.codec.encode(source, into)",
            "self.0.encode(&mut self.1[2], -x, !y, *z, (1, a), 'c', \"text\")",
            "(a).b((c))",
            "a(1)?.b[c].d(e.f(),)",
            "a.b(&&mut c, &mut &d)",
        ] {
            let quick = read(written).unwrap_or_else(|| panic!("{written} is simple"));
            let parsed: syn::ExprMethodCall = syn::parse_str(written).expect("it is a call");
            assert_eq!(quick.method, parsed.method, "{written}");
            let shown = |tokens: TokenStream| tokens.to_string().replace(' ', "");
            let receiver = shown(TokenStream::from_iter(quick.receiver));
            let expected = shown(quote::ToTokens::to_token_stream(&parsed.receiver));
            assert_eq!(receiver, expected, "{written}");
        }
    }

    /// What only ends like a method call, and what is none, is left to the parser.
    #[test]
    fn what_is_not_surely_a_method_call_is_left_to_the_parser() {
        for written in [
            "",
            "a",
            "a()",
            "a + b.c()",
            "-a.b()",
            "&a.b()",
            "return a.b()",
            "a = b.c()",
            "a.await.b()",
            "m!(x).b()",
            "a.b::<c>()",
            "a.b().c",
            "a.b()?",
            "a.b(c d)",
            "a.b(c, , d)",
            "a.b(,)",
            "a.b(c =)",
            "a.b((c d))",
            "a.b(if c { d } else { e })",
            "a.b(&)",
            "a.b(|c| d)",
            "a.1.5.b()",
            "a.1u8.b()",
            "match.b()",
            "a[b c].d()",
            "a[b, c].d()",
            "a[].d()",
            "a..b()",
        ] {
            assert!(read(written).is_none(), "{written} is not simple");
        }
    }
}

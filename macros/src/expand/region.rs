//! The expansion of `specialize!`: one test, and the block once for each listed type
//! and once for the object as it is.
//!
//! The block is repeated where it stands, in the arms of one `if`, and in no closure,
//! so that `return`, `break`, `?`, `.await` and labels mean what they mean outside.

use proc_macro2::{Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Block, Error, Expr, Result, Token, Type};

use super::call::Input as CallInput;
use crate::list;

/// `($crate) name: [A, B] in { … }` or `($crate) name = expression: [A, B] in { … }`.
struct Input {
    krate: TokenStream,
    region: Result<Region>,
}

struct Region {
    name: Ident,
    receiver: Expr,
    types: Vec<Type>,
    block: Block,
}

const SHAPE: &str = "write `specialize!(receiver: [A, B] in { … })`";

impl Parse for Input {
    fn parse(input: ParseStream) -> Result<Self> {
        let krate = input.parse::<Group>()?.stream();
        let region = input.parse();
        // A parse error leaves tokens behind, which would be reported on top.
        input.parse::<TokenStream>()?;
        Ok(Input { krate, region })
    }
}

impl Parse for Region {
    fn parse(input: ParseStream) -> Result<Self> {
        if input.is_empty() {
            return Err(missing(input, "a receiver is"));
        }
        let (name, receiver) = receiver(input)?;
        if !input.peek(Token![:]) || input.peek(Token![::]) {
            return Err(missing(input, "a list of types is"));
        }
        input.parse::<Token![:]>()?;
        if !input.peek(syn::token::Bracket) {
            return Err(missing(input, "a list of types is"));
        }
        let types = list::types(input)?;
        if !input.peek(Token![in]) {
            return Err(missing(input, "`in` and a block are"));
        }
        input.parse::<Token![in]>()?;
        if !input.peek(syn::token::Brace) {
            return Err(missing(input, "a block in braces is"));
        }
        let block = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        if !input.is_empty() {
            return Err(input.error("nothing may follow the block"));
        }
        Ok(Region {
            name,
            receiver,
            types,
            block,
        })
    }
}

/// At the next token, or at the macro where there is none.
fn missing(input: ParseStream, what: &str) -> Error {
    let at = if input.is_empty() {
        Span::call_site()
    } else {
        input.span()
    };
    Error::new(at, format!("{what} missing; {SHAPE}"))
}

/// `name`, or `name = expression`.
fn receiver(input: ParseStream) -> Result<(Ident, Expr)> {
    const ADVICE: &str = "give the receiver a name for the block: write `specialize!(name = \
                          expression: [A, B] in { … })`";
    if let Ok(name) = input.fork().parse::<Ident>()
        && name != "self"
    {
        let ahead = input.fork();
        ahead.parse::<Ident>()?;
        let simple = ahead.peek(Token![:]) && !ahead.peek(Token![::]);
        if simple {
            input.parse::<Ident>()?;
            return Ok((name.clone(), syn::parse_quote!(#name)));
        }
        if ahead.is_empty() || ahead.peek(Token![in]) || ahead.peek(syn::token::Brace) {
            return Err(missing(&ahead, "a list of types is"));
        }
        if ahead.peek(Token![=]) && !ahead.peek(Token![==]) {
            input.parse::<Ident>()?;
            input.parse::<Token![=]>()?;
            return Ok((name, input.parse()?));
        }
    }
    let expression: Expr = input
        .parse()
        .map_err(|error| Error::new(error.span(), format!("{error}; {SHAPE}")))?;
    Err(Error::new_spanned(expression, ADVICE))
}

pub(crate) fn specialize(input: TokenStream) -> TokenStream {
    let Input { krate, region } = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let Region {
        name,
        receiver,
        types,
        block,
    } = match region {
        Ok(region) => region,
        Err(error) => return error.into_compile_error(),
    };
    let private = quote!(#krate::__private);
    // Without the braces: around the block of a branch they would be one pair too many.
    let statements = &block.stmts;
    let written = quote!(#(#statements)*);
    let known = plainly(written.clone(), &name);
    let count = Literal::usize_unsuffixed(types.len());
    let names: Vec<_> = (0..types.len())
        .map(|index| quote::format_ident!("__listed_{index}"))
        .collect();
    // Spanned as the type: what is wrong with it belongs there.
    let listed = types.iter().zip(&names).map(|(ty, name)| {
        let at = Span::call_site().located_at(ty.span());
        let listed =
            quote_spanned!(at=> listed::<#ty, _, _>(&__object_type, |__pointer| __pointer));
        quote!(let #name = #private::#listed;)
    });
    let copies = names.iter().enumerate().map(|(index, listed)| {
        let index = Literal::usize_unsuffixed(index);
        quote! {
            if __which == #index {
                // The index that makes this safe is that of the type.
                let #name = unsafe { #private::known(__asked, #listed) };
                #known
            } else
        }
    });
    // Spanned as the receiver: so is what is wrong with it.
    let asked = quote_spanned!(receiver.span()=> (#receiver).__static_call_specialize());
    // No block around the receiver: what it borrows from a temporary, a lock's guard
    // say, lives as long as the region.
    quote! {{
        use #private::Specialize as _;
        match #private::asked(#asked) {
            __asked => {
                #private::region! { #count #(#types),* }
                let __object_type = #private::object_type(&__asked);
                #(#listed)*
                // All are of this very list, and nobody else names the region.
                let __which = unsafe {
                    #private::which(
                        &__asked,
                        &__REGION,
                        #private::key_of::<(#(#types,)*)>(),
                        const { &[#(#private::identity::<#types> as #private::Identity),*] },
                        || [#(#private::vtable_here(#names)),*],
                    )
                };
                #(#copies)* {
                    let #name = #private::object(__asked);
                    #written
                }
            }
        }
    }}
}

/// The block for a listed type: every `static_call!` on the receiver is the plain call, whose
/// vtable the compiler knows there.
fn plainly(tokens: TokenStream, name: &Ident) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let TokenTree::Group(group) = token else {
            out.push(token);
            continue;
        };
        let inner = plainly(group.stream(), name);
        if is_static_call(&out)
            && let Some(call) = plain_call_on(&inner, name)
        {
            take_macro_path(&mut out);
            out.extend(call);
            continue;
        }
        let mut rewritten = Group::new(group.delimiter(), inner);
        rewritten.set_span(group.span());
        out.push(TokenTree::Group(rewritten));
    }
    out.into_iter().collect()
}

fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn is_static_call(before: &[TokenTree]) -> bool {
    let [.., TokenTree::Ident(ident), bang] = before else {
        return false;
    };
    ident == "static_call" && is_punct(Some(bang), '!')
}

/// Takes `static_call!` off, with the path before it.
fn take_macro_path(out: &mut Vec<TokenTree>) {
    out.pop();
    out.pop();
    while out.len() >= 2 && is_punct(out.last(), ':') && is_punct(out.get(out.len() - 2), ':') {
        out.pop();
        out.pop();
        if matches!(out.last(), Some(TokenTree::Ident(_))) {
            out.pop();
        }
    }
}

/// The plain call, if that is what the macro's input calls, on this very receiver.
fn plain_call_on(input: &TokenStream, name: &Ident) -> Option<TokenStream> {
    let call = syn::parse2::<CallInput>(quote!((crate) #input))
        .ok()?
        .call
        .ok()?;
    let call = call.call;
    names_receiver(&call.receiver, name).then(|| quote!(#call))
}

fn names_receiver(receiver: &Expr, name: &Ident) -> bool {
    match receiver {
        Expr::Path(path) => path.path.is_ident(name),
        Expr::Paren(paren) => names_receiver(&paren.expr, name),
        Expr::Group(group) => names_receiver(&group.expr, name),
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
            names_receiver(&unary.expr, name)
        }
        Expr::Reference(reference) => names_receiver(&reference.expr, name),
        _ => false,
    }
}

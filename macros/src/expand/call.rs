//! The expansion of `static_call!`: the same method call on the same receiver,
//! with the entry's name, and the call site declared beside its first argument.
//!
//! Nothing stands around the call: a block there would change how long
//! temporaries live and would move the receiver's evaluation.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprMethodCall, Path, Result, Token};

use super::context::inline_type;
use super::quick::{Quick, beside};
use crate::list::{self, Inline, Listed};
use crate::names;

/// `($crate) recv.method(args)`, as `static_call!` passes it on.
pub(super) struct Input {
    krate: TokenStream,
    /// Of what `static_call!` wrote, and not its user.
    macros: Span,
    pub(super) call: Result<Call>,
}

/// `recv.method(args), inline = [A, B]`.
pub(super) struct Call {
    pub(super) call: ExprMethodCall,
    /// [`None`] leaves it to the method's annotation.
    inline: Option<Inline>,
}

impl Parse for Input {
    fn parse(input: ParseStream) -> Result<Self> {
        // rustc's `$crate` is one identifier, and so a path.
        let krate: Group = input.parse()?;
        let macros = krate.span();
        let krate = Path::parse_mod_style.parse2(krate.stream())?;
        let krate = krate.into_token_stream();
        let call = method_call(input);
        // A parse error leaves tokens behind, which would be reported on top.
        input.parse::<TokenStream>()?;
        Ok(Input {
            krate,
            macros,
            call,
        })
    }
}

pub(crate) fn static_call(input: TokenStream) -> TokenStream {
    let tokens: Vec<_> = input.clone().into_iter().collect();
    if let [TokenTree::Group(group), written @ ..] = tokens.as_slice()
        && let [TokenTree::Ident(krate)] = Vec::from_iter(group.stream()).as_slice()
        && let Some(call) = Quick::read(written)
    {
        let site = site(&krate.to_token_stream(), group.span(), &call.method, None);
        let entry = entry(&call.method, call.has_arguments(), Span::call_site());
        return call.with(entry, site);
    }
    let written: TokenStream = tokens.into_iter().skip(1).collect();
    let Input {
        krate,
        macros,
        call,
    } = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let Call { mut call, inline } = match call {
        Ok(call) => call,
        Err(error) => return for_editors(&krate, &written, error),
    };
    // With a list, the sentence would cost its errors their place: the whole call's.
    let word_of = match &inline {
        Some(_) => macros,
        None => Span::call_site(),
    };
    let site = site(&krate, macros, &call.method, inline);
    call.method = entry(&call.method, !call.args.is_empty(), word_of);
    match call.args.first_mut() {
        Some(first) => *first = Expr::Verbatim(beside(&site, &first.to_token_stream())),
        None => call.args.push(Expr::Verbatim(site)),
    }
    call.into_token_stream()
}

/// The name of the method's entry, at the place of the user's, but as the macro's own word:
/// what rustc calls wrong is under the user's token, and it does not propose to put the
/// name of another entry, or of the site, there. Where there is no such entry, rustc says
/// whose word it is, and the macro's name there is a sentence.
fn entry(method: &Ident, has_arguments: bool, word_of: Span) -> Ident {
    Ident::new(
        &names::entry(method, has_arguments),
        word_of.located_at(method.span()),
    )
}

/// The block that declares the call site, and is the gate that leads from there.
fn site(krate: &TokenStream, macros: Span, method: &Ident, inline: Option<Inline>) -> TokenStream {
    let private = quote!(#krate::__private);
    let title = method.to_string();
    // What rustc has to say of the site's type belongs to the list, or to the method.
    let at = inline
        .as_ref()
        .map_or_else(|| method.span(), |inline| inline.at);
    // In an item, so that it cannot depend on the generics around the call: a
    // site has one set of keys, whatever its function is instantiated with.
    let inline = inline.map_or_else(
        || quote!(type Inline = #private::ListOfMethod;),
        |inline| inline_type(&inline.types),
    );
    // The items are `macro_rules!` in the runtime: rustc writes those itself, while each
    // token from here is handed over one by one, for each of the sites.
    let items = quote!(#private::site! { #title #inline });
    // No function around it: rustc would check one more for each site. The trampoline's
    // type says whose gate it is: rustc would check a type that is written here twice.
    let at = macros.located_at(at);
    // A local variable of the macro's, and no item: the types of a list may hold blocks, whose
    // code could name that.
    let own = Ident::new("__own", Span::mixed_site());
    // Not at a place of the user's, where the call may stand in his own `unsafe`.
    // SAFETY: the site and its trampoline, as declared before.
    let promise = quote!(let #own = unsafe { #private::Own::new() };);
    quote_spanned!(at=> { #items #promise #private::Gate::new(__trampoline, #own) })
}

/// The error; and for rust-analyzer, where it asks what may follow `receiver.`, the
/// expression: it completes only what an expansion contains.
fn for_editors(krate: &TokenStream, written: &TokenStream, error: Error) -> TokenStream {
    let error = error.into_compile_error();
    match syn::parse2(written.clone()) {
        Ok(field @ Expr::Field(_)) => quote!({
            #krate::__private::for_editors! { #field }
            #error
        }),
        _ => error,
    }
}

pub(crate) fn plain_call(input: TokenStream) -> TokenStream {
    let parsed = syn::parse2::<Input>(input).and_then(|input| Ok((input.krate, input.call?)));
    let (krate, Call { call, inline }) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return error.into_compile_error(),
    };
    match inline {
        None => call.into_token_stream(),
        // Beside what is listed, or the imports of that would not be used. A pair ends no
        // temporary's life, as a block around the call would.
        Some(Inline { types, .. }) => {
            let types = types.iter().map(|Listed { cfg, ty }| {
                quote!(#cfg #krate::__private::core::marker::PhantomData::<#ty>;)
            });
            quote!(({ #(#types)* }, #call).1)
        }
    }
}

/// One method call and its options, or what to write instead.
fn method_call(input: ParseStream) -> Result<Call> {
    const SHAPE: &str = "write `static_call!(receiver.method(arguments))`";
    if input.is_empty() {
        return Err(Error::new(
            Span::call_site(),
            format!("a method call is missing; {SHAPE}"),
        ));
    }
    let expression: Expr = input
        .parse()
        .map_err(|error| Error::new(error.span(), format!("{error}; {SHAPE}")))?;
    let call = match peel(expression) {
        Expr::MethodCall(call) => call,
        other => return Err(not_a_method_call(&other, SHAPE)),
    };
    let inline = options(input)?;
    if let Some(turbofish) = &call.turbofish {
        return Err(Error::new_spanned(
            turbofish,
            "a method called through the vtable has no generic arguments; remove them",
        ));
    }
    Ok(Call { call, inline })
}

/// What stands behind the call: `, inline = [A, B]`, and one comma.
fn options(input: ParseStream) -> Result<Option<Inline>> {
    let comma: Option<Token![,]> = input.parse()?;
    if input.is_empty() {
        return Ok(None);
    }
    let is_inline = || {
        let word = input.fork().parse::<Ident>();
        word.is_ok_and(|word| word == "inline")
    };
    if comma.is_none() && is_inline() {
        return Err(input.error(
            "a comma is missing: write `static_call!(receiver.method(arguments), inline = [A, B])`",
        ));
    }
    if is_inline() {
        let at: Ident = input.parse()?;
        let inline = list::inline(input, at.span())?;
        input.parse::<Option<Token![,]>>()?;
        if is_inline() {
            return Err(input.error("`inline` is given twice; keep one list"));
        }
        return nothing_more(input, true).map(|()| Some(inline));
    }
    nothing_more(input, comma.is_some()).map(|()| None)
}

fn nothing_more(input: ParseStream, comma: bool) -> Result<()> {
    if input.is_empty() {
        return Ok(());
    }
    let rest: TokenStream = input.parse()?;
    let message = if !comma {
        "nothing may follow the method call; write `static_call!(receiver.method(arguments))`"
    } else if syn::parse2::<ExprMethodCall>(rest.clone()).is_ok() {
        "one `static_call!` holds one method call; write another for this one"
    } else {
        "unknown option; behind the method call may stand `inline = [A, B]`"
    };
    Err(Error::new_spanned(rest, message))
}

/// Takes off parentheses, and the invisible groups that `macro_rules!` puts
/// around `$e:expr`.
fn peel(expression: Expr) -> Expr {
    match expression {
        Expr::Paren(paren) if paren.attrs.is_empty() => peel(*paren.expr),
        Expr::Group(group) if group.attrs.is_empty() => peel(*group.expr),
        other => other,
    }
}

fn not_a_method_call(expression: &Expr, shape: &str) -> Error {
    let advice = match expression {
        Expr::Try(_) => {
            return at_last_token(
                expression,
                "`?` goes outside: write `static_call!(receiver.method(arguments))?`",
            );
        }
        Expr::Await(_) => {
            return at_last_token(
                expression,
                "`.await` goes outside: write `static_call!(receiver.method(arguments)).await`",
            );
        }
        Expr::Call(_) => {
            "a function call has no receiver to dispatch on; write \
             `static_call!(receiver.method(arguments))`"
        }
        Expr::Macro(_) => {
            "a macro hides the method call; write the call itself: \
             `static_call!(receiver.method(arguments))`"
        }
        Expr::Closure(_) => {
            "a closure is not a call; put `static_call!(receiver.method(arguments))` inside it"
        }
        Expr::Field(_) => {
            "a field is not a method call; add the arguments: \
             `static_call!(receiver.method(arguments))`"
        }
        Expr::Block(_) | Expr::Unsafe(_) => {
            "a block is not a call; put `static_call!(receiver.method(arguments))` inside it"
        }
        Expr::Reference(_) | Expr::Unary(_) | Expr::Binary(_) | Expr::Cast(_) => {
            "the operator goes outside: only the method call itself stands in `static_call!(…)`"
        }
        _ => return Error::new_spanned(expression, format!("this is not a method call; {shape}")),
    };
    Error::new_spanned(expression, advice)
}

fn at_last_token(expression: &Expr, message: &str) -> Error {
    let last = expression.to_token_stream().into_iter().last();
    Error::new(
        last.as_ref()
            .map_or_else(|| expression.span(), TokenTree::span),
        message,
    )
}

//! What was asked: the options of `#[static_dispatch(…)]`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, ExprUnary, Lit, Meta, Path, Result, Token, Type,
    TypeParamBound, TypePath, UnOp, bracketed,
};

use crate::list::Listed;
use crate::{list, names, regroup};

/// Chain capacity when none is given. Two targets are what Linux's proposed
/// dynamic calls used, and what one trampoline's body holds.
const DEFAULT_TARGETS: u8 = 2;
const MOST_TARGETS: u8 = 8;

/// Options of the attribute on a trait or impl.
#[derive(Default)]
pub(crate) struct ItemOptions {
    /// `targets = N` on the trait annotates every eligible method.
    pub(crate) targets: Option<u8>,
    /// `crate = ::name` or `unsafe(crate = path)`; [`None`] stands for `::static_call`.
    pub(crate) krate: Option<Path>,
    /// `object = Name` on the trait also writes the trait `Name`.
    pub(crate) object: Option<Ident>,
    /// `supertrait = Base` on the trait: the annotated supertrait whose methods its
    /// objects also have call sites for.
    pub(crate) supertrait: Option<TypeParamBound>,
    /// `auto = [Unpin]` on the trait: auto traits besides `Send` and `Sync` that object
    /// types with call sites may have.
    pub(crate) auto: Vec<&'static str>,
    /// `unsafe(same_supertraits)` on the trait: supertraits whose methods cannot be compared
    /// are the same in a program and in its plugins.
    pub(crate) same_supertraits: bool,
}

/// Auto traits that `auto` may ask for.
const FURTHER_AUTO_TRAITS: [&str; 3] = ["Unpin", "UnwindSafe", "RefUnwindSafe"];

/// What an attribute on a method asks for.
pub(crate) enum MethodOptions {
    /// `#[static_dispatch]`, with or without `targets = N`, `inline = [A, B]` and
    /// `none = result`.
    Dispatch {
        targets: u8,
        inline: Vec<Listed>,
        none: Option<Box<Expr>>,
    },
    /// `#[static_dispatch(skip)]`.
    Skip,
}

/// Reads the options on a trait or impl. After an error come the options before
/// it, and a capacity, so that the trait still dispatches and no call of its
/// methods is an error as well.
#[allow(clippy::too_many_lines, reason = "one arm for each option")]
pub(crate) fn parse_item(attribute: TokenStream, is_impl: bool) -> (ItemOptions, Option<Error>) {
    let mut options = ItemOptions::default();
    let parser = syn::meta::parser(|meta| {
        if let Some(message) = is_impl.then(|| of_the_trait(&meta)).flatten() {
            Err(meta.error(message))
        } else if meta.path.is_ident("crate") {
            if options.krate.is_some() {
                return Err(meta.error("`crate` is given twice; keep one"));
            }
            options.krate = Some(crate_by_name(&meta)?);
            Ok(())
        } else if meta.path.is_ident("unsafe") {
            let advice = "`unsafe` stands around a promise: write `unsafe(crate = path)` or \
                          `unsafe(same_supertraits)`";
            if !meta.input.peek(syn::token::Paren) {
                return Err(meta.error(advice));
            }
            meta.parse_nested_meta(|meta| {
                if meta.path.is_ident("same_supertraits") {
                    return same_supertraits(&meta, is_impl, &mut options);
                }
                if !meta.path.is_ident("crate") {
                    return Err(meta.error(advice));
                }
                if options.krate.is_some() {
                    return Err(meta.error("`crate` is given twice; keep one"));
                }
                options.krate = Some(path(&meta)?);
                Ok(())
            })
        } else if meta.path.is_ident("object") {
            if options.object.is_some() {
                return Err(meta.error("`object` is given twice; keep one"));
            }
            options.object = Some(object(&meta)?);
            Ok(())
        } else if meta.path.is_ident("supertrait") {
            if options.supertrait.is_some() {
                return Err(meta.error(
                    "`supertrait` is given twice; name one, and cast to the others: \
                     `static_call!((object as &dyn Base).method())`",
                ));
            }
            options.supertrait = Some(supertrait(&meta)?);
            Ok(())
        } else if meta.path.is_ident("auto") {
            if !options.auto.is_empty() {
                return Err(meta.error("`auto` is given twice; keep one, with the traits of both"));
            }
            options.auto = auto(&meta)?;
            Ok(())
        } else if meta.path.is_ident("targets") {
            if options.targets.is_some() {
                return Err(meta.error("`targets` is given twice; keep one"));
            }
            options.targets = Some(targets(&meta)?);
            Ok(())
        } else if meta.path.is_ident("same_supertraits") {
            Err(meta.error(
                "`same_supertraits` is a promise: write \
                 `#[static_dispatch(unsafe(same_supertraits))]` on the trait",
            ))
        } else if meta.path.is_ident("inline") {
            Err(meta.error(
                "`inline` belongs on a method of the trait, or at the call: \
                 `static_call!(receiver.method(arguments), inline = [A, B])`",
            ))
        } else if meta.path.is_ident("skip") {
            Err(meta.error(
                "`skip` belongs on a method; to leave the whole item alone, remove the attribute",
            ))
        } else {
            Err(unknown(
                &meta,
                if is_impl {
                    "`crate = ::name` and `unsafe(crate = path)`"
                } else {
                    "`targets = N`, `object = Name`, `supertrait = Base`, `auto = [A]`, \
                     `crate = ::name`, `unsafe(crate = path)` and `unsafe(same_supertraits)`"
                },
            ))
        }
    });
    let starts_with_a_literal = starts_with_a_literal(&attribute);
    let error = match parser.parse2(attribute) {
        Ok(()) => None,
        Err(error) if starts_with_a_literal => Some(unnamed(error.span())),
        Err(error) => Some(error),
    };
    if error.is_some() {
        options.targets.get_or_insert(DEFAULT_TARGETS);
    }
    (options, error)
}

/// `unsafe(same_supertraits)`.
fn same_supertraits(
    meta: &ParseNestedMeta<'_>,
    is_impl: bool,
    options: &mut ItemOptions,
) -> Result<()> {
    if is_impl {
        return Err(meta.error(
            "`same_supertraits` belongs on the trait: \
             `#[static_dispatch(unsafe(same_supertraits))]`",
        ));
    }
    if options.same_supertraits {
        return Err(meta.error("`same_supertraits` is given twice; keep one"));
    }
    options.same_supertraits = true;
    if meta.input.is_empty() || meta.input.peek(Token![,]) {
        Ok(())
    } else {
        Err(meta.error(
            "`same_supertraits` takes no value: write \
             `#[static_dispatch(unsafe(same_supertraits))]`",
        ))
    }
}

/// What is wrong with this option on an impl, if it is one of the trait's.
fn of_the_trait(meta: &ParseNestedMeta<'_>) -> Option<&'static str> {
    let is = |name| meta.path.is_ident(name);
    if is("object") {
        Some("`object` belongs on the trait: `#[static_dispatch(object = FastTrait)]`")
    } else if is("supertrait") {
        Some("`supertrait` belongs on the trait: `#[static_dispatch(supertrait = Base)]`")
    } else if is("auto") {
        Some("`auto` belongs on the trait: `#[static_dispatch(auto = [Unpin])]`")
    } else if is("targets") {
        Some(
            "`targets` belongs on the trait or its methods; on an impl write \
             `#[static_dispatch]` alone, which registers the implementation",
        )
    } else {
        None
    }
}

/// Takes the `#[static_dispatch…]` attributes off an item.
pub(crate) fn take(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    let (taken, kept) = std::mem::take(attributes)
        .into_iter()
        .partition(is_static_dispatch);
    *attributes = kept;
    taken
}

/// Takes the `#[static_dispatch…]` attributes off a method and reads them. After
/// an error the method counts as annotated, so that no call of it is an error too.
pub(crate) fn take_method(
    attributes: &mut Vec<Attribute>,
    errors: &mut Vec<Error>,
) -> Option<MethodOptions> {
    let taken = take(attributes);
    let (first, more) = taken.split_first()?;
    errors.extend(more.iter().map(|attribute| {
        Error::new_spanned(
            attribute,
            "`#[static_dispatch]` is given twice on this method; keep one",
        )
    }));
    Some(parse_method(first).unwrap_or_else(|error| {
        errors.push(error);
        MethodOptions::Dispatch {
            targets: DEFAULT_TARGETS,
            inline: Vec::new(),
            none: None,
        }
    }))
}

fn is_static_dispatch(attribute: &Attribute) -> bool {
    let mut segments = attribute.path().segments.iter().rev();
    segments.next().is_some_and(|last| {
        last.ident == "static_dispatch"
            // Its other name: see `expand::order`.
            || last.ident == "instrument" && segments.next().is_some_and(|of| of.ident == "__private")
    })
}

/// Gives the `#[static_dispatch…]` attributes another path.
pub(crate) fn rename(attributes: &mut [Attribute], path: &Path) {
    for attribute in attributes.iter_mut().filter(|one| is_static_dispatch(one)) {
        match &mut attribute.meta {
            Meta::Path(old) => *old = path.clone(),
            Meta::List(list) => list.path = path.clone(),
            Meta::NameValue(meta) => meta.path = path.clone(),
        }
    }
}

fn parse_method(attribute: &Attribute) -> Result<MethodOptions> {
    // Left as it was with the trait: other attributes are none of our business.
    let mut attribute = attribute.clone();
    if let Meta::List(list) = &mut attribute.meta {
        list.tokens = regroup::with_parentheses(std::mem::take(&mut list.tokens));
    }
    let mut given = None;
    let mut inline = None;
    let mut none = None;
    let mut skip = None;
    match &attribute.meta {
        Meta::Path(_) => {
            return Ok(MethodOptions::Dispatch {
                targets: DEFAULT_TARGETS,
                inline: Vec::new(),
                none: None,
            });
        }
        Meta::NameValue(meta) => {
            return Err(Error::new_spanned(
                &meta.value,
                "options stand in parentheses: write `#[static_dispatch(targets = 2)]`",
            ));
        }
        Meta::List(list) if starts_with_a_literal(&list.tokens) => {
            return Err(unnamed(list.tokens.span()));
        }
        Meta::List(_) => {}
    }
    attribute.parse_nested_meta(|meta| {
        if meta.path.is_ident("targets") {
            if given.is_some() {
                return Err(meta.error("`targets` is given twice; keep one"));
            }
            given = Some(targets(&meta)?);
            Ok(())
        } else if meta.path.is_ident("inline") {
            if inline.is_some() {
                return Err(meta.error("`inline` is given twice; keep one list"));
            }
            inline = Some(list::inline(meta.input, meta.path.span())?.types);
            Ok(())
        } else if meta.path.is_ident("none") {
            if none.is_some() {
                return Err(meta.error("`none` is given twice; keep one result"));
            }
            none = Some(Box::new(none_result(&meta)?));
            Ok(())
        } else if meta.path.is_ident("skip") {
            skip = Some(meta.path.span());
            if meta.input.is_empty() || meta.input.peek(Token![,]) {
                Ok(())
            } else {
                Err(meta.error("`skip` takes no value: write `#[static_dispatch(skip)]`"))
            }
        } else if meta.path.is_ident("crate") {
            Err(meta.error("`crate` belongs on the trait: `#[static_dispatch(crate = ::name)]`"))
        } else if meta.path.is_ident("object") {
            Err(meta
                .error("`object` belongs on the trait: `#[static_dispatch(object = FastTrait)]`"))
        } else if meta.path.is_ident("supertrait") {
            Err(meta.error(
                "`supertrait` belongs on the trait: `#[static_dispatch(supertrait = Base)]`",
            ))
        } else if meta.path.is_ident("auto") {
            Err(meta.error("`auto` belongs on the trait: `#[static_dispatch(auto = [Unpin])]`"))
        } else {
            Err(unknown(
                &meta,
                "`targets = N`, `inline = [A, B]`, `none = result` and `skip`",
            ))
        }
    })?;
    match skip {
        Some(span) if given.is_some() => Err(Error::new(
            span,
            "`skip` and `targets` contradict each other; keep one",
        )),
        Some(span) if inline.is_some() => Err(Error::new(
            span,
            "`skip` and `inline` contradict each other; keep one",
        )),
        Some(span) if none.is_some() => Err(Error::new(
            span,
            "`skip` and `none` contradict each other; keep one",
        )),
        Some(_) => Ok(MethodOptions::Skip),
        None => Ok(MethodOptions::Dispatch {
            targets: given.unwrap_or(DEFAULT_TARGETS),
            inline: inline.unwrap_or_default(),
            none,
        }),
    }
}

fn unknown(meta: &ParseNestedMeta<'_>, known: &str) -> Error {
    meta.error(format!("unknown option; the options here are {known}"))
}

fn starts_with_a_literal(options: &TokenStream) -> bool {
    matches!(
        options.clone().into_iter().next(),
        Some(TokenTree::Literal(_))
    )
}

fn unnamed(at: Span) -> Error {
    Error::new(
        at,
        "options have names: write `#[static_dispatch(targets = 2)]`",
    )
}

/// `crate = ::name`. Which crate that is says `Cargo.toml`, as it does of `::static_call`. A
/// module could be anybody's, and could tell the expansion, which believes what it finds
/// there, that one type is another.
fn crate_by_name(meta: &ParseNestedMeta<'_>) -> Result<Path> {
    let path = path(meta)?;
    if path.leading_colon.is_some() && path.segments.len() == 1 {
        // In edition 2015, too.
        let path = names::spanned(path.to_token_stream(), names::own);
        return syn::parse2(path);
    }
    let written = path.to_token_stream().to_string().replace(' ', "");
    let by_name = match path.get_ident() {
        Some(name) if name != "crate" && name != "self" && name != "super" => {
            format!("name a crate, `crate = ::{written}`")
        }
        _ => "name a crate, `crate = ::name`".to_owned(),
    };
    Err(Error::new_spanned(
        &path,
        format!(
            "a module could be anybody's: {by_name}, or promise that this path leads to \
             static-call: `unsafe(crate = {written})`"
        ),
    ))
}

/// `crate = path`.
fn path(meta: &ParseNestedMeta<'_>) -> Result<Path> {
    let advice = "`crate` needs the path of static-call: write `crate = ::static_call`";
    if !meta.input.peek(Token![=]) {
        return Err(meta.error(advice));
    }
    let value = meta.value()?;
    let rest = value.fork();
    value.call(Path::parse_mod_style).map_err(|error| {
        if rest.is_empty() {
            meta.error(advice)
        } else {
            Error::new(error.span(), advice)
        }
    })
}

/// What stands behind `option =`, or the advice where nothing does.
fn value<'a>(meta: &ParseNestedMeta<'a>, advice: &str) -> Result<ParseStream<'a>> {
    if !meta.input.peek(Token![=]) {
        return Err(meta.error(advice));
    }
    let value = meta.value()?;
    if value.is_empty() || value.peek(Token![,]) {
        return Err(meta.error(advice));
    }
    Ok(value)
}

/// `none = result`.
fn none_result(meta: &ParseNestedMeta<'_>) -> Result<Expr> {
    let advice = "`none` needs the result of a call while nothing is bound: write `none = 0`";
    let value = value(meta, advice)?;
    value.parse()
}

/// `object = Name`.
fn object(meta: &ParseNestedMeta<'_>) -> Result<Ident> {
    let advice = "`object` needs the bare name of a trait to write: `object = FastTrait`";
    let value = value(meta, advice)?;
    let start = value.span();
    let ty: Type = value.parse().map_err(|_| Error::new(start, advice))?;
    match &ty {
        Type::Path(TypePath {
            qself: None, path, ..
        }) => path.get_ident().cloned(),
        _ => None,
    }
    .ok_or_else(|| Error::new_spanned(&ty, advice))
}

/// `supertrait = Base<A>`.
fn supertrait(meta: &ParseNestedMeta<'_>) -> Result<TypeParamBound> {
    let advice = "`supertrait` needs one annotated trait that this one requires, as it stands \
                  behind `dyn`: write `supertrait = Base`";
    let value = value(meta, advice)?;
    let start = value.span();
    let ty: Type = value.parse().map_err(|_| Error::new(start, advice))?;
    match ty {
        Type::Path(TypePath {
            qself: None, path, ..
        }) => Ok(syn::parse_quote!(#path)),
        other => Err(Error::new_spanned(&other, advice)),
    }
}

/// `auto = [Unpin, UnwindSafe]`, or `auto = all`.
fn auto(meta: &ParseNestedMeta<'_>) -> Result<Vec<&'static str>> {
    let advice = "`auto` needs auto traits: write `auto = [Unpin]`, or `auto = all`";
    let value = value(meta, advice)?;
    let start = value.span();
    if !value.peek(syn::token::Bracket) {
        let all = value.parse::<Ident>().is_ok_and(|word| word == "all");
        return all
            .then(|| FURTHER_AUTO_TRAITS.to_vec())
            .ok_or_else(|| Error::new(start, advice));
    }
    let content;
    bracketed!(content in value);
    let paths = Punctuated::<Path, Token![,]>::parse_terminated(&content);
    let paths = paths.map_err(|_| Error::new(start, advice))?;
    let mut autos = Vec::new();
    for path in &paths {
        let last = path.segments.last().map(|last| last.ident.to_string());
        let last = last.unwrap_or_default();
        let known = FURTHER_AUTO_TRAITS.iter().find(|known| **known == last);
        match known {
            Some(known) if autos.contains(known) => {
                return Err(Error::new_spanned(
                    path,
                    "this trait is there already; keep one",
                ));
            }
            Some(known) => autos.push(*known),
            None if last == "Send" || last == "Sync" => {
                return Err(Error::new_spanned(
                    path,
                    "object types with `Send` and `Sync` have call sites anyway; name others only",
                ));
            }
            None => {
                return Err(Error::new_spanned(
                    path,
                    "no auto trait known here; write `Unpin`, `UnwindSafe` or `RefUnwindSafe`",
                ));
            }
        }
    }
    if autos.is_empty() {
        return Err(Error::new(start, advice));
    }
    Ok(autos)
}

/// `targets = N` with N from 1 to 8, with a message for each way to get it wrong.
fn targets(meta: &ParseNestedMeta<'_>) -> Result<u8> {
    let missing = "`targets` needs a number: write `targets = 2`";
    if !meta.input.peek(Token![=]) {
        return Err(meta.error(missing));
    }
    let value = meta.value()?;
    if value.is_empty() || value.peek(Token![,]) {
        return Err(meta.error(missing));
    }
    let mut value: Expr = value.parse()?;
    // `$n:literal`.
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    let refuse = |message: &str| Err(Error::new_spanned(&value, message));
    match &value {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => match number.base10_parse::<u64>() {
            Ok(0) => refuse(
                "`targets = 0` leaves no room for a target; write 1 to 8, or `skip` to leave \
                 the method alone",
            ),
            Ok(n) => match u8::try_from(n) {
                Ok(n) if n <= MOST_TARGETS => Ok(n),
                _ => refuse("a chain holds at most 8 targets; write a number from 1 to 8"),
            },
            Err(_) => refuse("a chain holds at most 8 targets; write a number from 1 to 8"),
        },
        Expr::Lit(ExprLit {
            lit: Lit::Str(_), ..
        }) => refuse("`targets` is a number, not a string: write `targets = 2`"),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_), ..
        }) => refuse("`targets` counts the types in a chain; write a number from 1 to 8"),
        _ => refuse("`targets` must be a literal number from 1 to 8"),
    }
}

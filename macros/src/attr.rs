//! What was asked: the options of `#[static_dispatch(…)]`.

use proc_macro2::TokenStream;
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, ExprUnary, Lit, Path, Result, UnOp};

/// Chain capacity when none is given. Two targets are what Linux's proposed
/// dynamic calls used, and what one trampoline's body holds.
const DEFAULT_TARGETS: u8 = 2;
const MOST_TARGETS: u8 = 8;

/// Options of the attribute on a trait or impl.
#[derive(Default)]
pub(crate) struct ItemOptions {
    /// `targets = N` on the trait annotates every eligible method.
    pub(crate) targets: Option<u8>,
    /// `crate = path`; [`None`] stands for `::static_call`.
    pub(crate) krate: Option<Path>,
}

/// What an attribute on a method asks for.
#[derive(Clone, Copy)]
pub(crate) enum MethodOptions {
    /// `#[static_dispatch]` or `#[static_dispatch(targets = N)]`.
    Dispatch { targets: u8 },
    /// `#[static_dispatch(skip)]`.
    Skip,
}

pub(crate) fn parse_item(attribute: TokenStream, is_impl: bool) -> Result<ItemOptions> {
    let mut options = ItemOptions::default();
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("crate") {
            if options.krate.is_some() {
                return Err(meta.error("`crate` is given twice; keep one"));
            }
            options.krate = Some(meta.value()?.call(Path::parse_mod_style)?);
            Ok(())
        } else if meta.path.is_ident("targets") && is_impl {
            Err(meta.error(
                "`targets` belongs on the trait or its methods; on an impl write \
                 `#[static_dispatch]` alone, which registers the implementation",
            ))
        } else if meta.path.is_ident("targets") {
            if options.targets.is_some() {
                return Err(meta.error("`targets` is given twice; keep one"));
            }
            options.targets = Some(targets(&meta)?);
            Ok(())
        } else if meta.path.is_ident("skip") {
            Err(meta.error(
                "`skip` belongs on a method; to leave a whole item alone, remove the attribute",
            ))
        } else {
            Err(unknown(
                &meta,
                if is_impl {
                    "`crate = path`"
                } else {
                    "`targets = N` and `crate = path`"
                },
            ))
        }
    });
    parser.parse2(attribute)?;
    Ok(options)
}

/// Takes the `#[static_dispatch…]` attributes off a method and reads them.
pub(crate) fn take_method(attributes: &mut Vec<Attribute>) -> Result<Option<MethodOptions>> {
    let mut found = None;
    let mut result = Ok(());
    attributes.retain(|attribute| {
        if !is_static_dispatch(attribute) {
            return true;
        }
        let parsed = if found.is_some() {
            Err(Error::new_spanned(
                attribute,
                "`#[static_dispatch]` is given twice on this method; keep one",
            ))
        } else {
            parse_method(attribute)
        };
        match parsed {
            Ok(options) => found = Some(options),
            Err(error) => result = Err(error),
        }
        false
    });
    result.map(|()| found)
}

fn is_static_dispatch(attribute: &Attribute) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "static_dispatch")
}

fn parse_method(attribute: &Attribute) -> Result<MethodOptions> {
    let mut given = None;
    let mut skip = None;
    if let syn::Meta::Path(_) = attribute.meta {
        return Ok(MethodOptions::Dispatch {
            targets: DEFAULT_TARGETS,
        });
    }
    if let syn::Meta::NameValue(meta) = &attribute.meta {
        return Err(Error::new_spanned(
            &meta.value,
            "options stand in parentheses: write `#[static_dispatch(targets = 2)]`",
        ));
    }
    attribute.parse_nested_meta(|meta| {
        if meta.path.is_ident("targets") {
            if given.is_some() {
                return Err(meta.error("`targets` is given twice; keep one"));
            }
            given = Some(targets(&meta)?);
            Ok(())
        } else if meta.path.is_ident("skip") {
            skip = Some(meta.path.span());
            Ok(())
        } else if meta.path.is_ident("crate") {
            Err(meta.error("`crate` belongs on the trait: `#[static_dispatch(crate = path)]`"))
        } else {
            Err(unknown(&meta, "`targets = N` and `skip`"))
        }
    })?;
    match (given, skip) {
        (Some(_), Some(span)) => Err(Error::new(
            span,
            "`skip` and `targets` contradict each other; keep one",
        )),
        (None, Some(_)) => Ok(MethodOptions::Skip),
        (given, None) => Ok(MethodOptions::Dispatch {
            targets: given.unwrap_or(DEFAULT_TARGETS),
        }),
    }
}

fn unknown(meta: &ParseNestedMeta<'_>, known: &str) -> Error {
    meta.error(format!("unknown option; the options here are {known}"))
}

/// `targets = N` with N from 1 to 8, with a message for each way to get it wrong.
fn targets(meta: &ParseNestedMeta<'_>) -> Result<u8> {
    if !meta.input.peek(syn::Token![=]) {
        return Err(meta.error("`targets` needs a number: write `targets = 2`"));
    }
    let value: Expr = meta.value()?.parse()?;
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

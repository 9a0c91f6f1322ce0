//! The expansion of `static_key!`: a `static` of the key's own type, and behind it what it
//! is to the runtime. The type tells `enabled()` at each place, when it is compiled, whose
//! place it is.

use proc_macro2::{Group, Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Error, Expr, ExprLit, Lit, LitBool, Path, Result, Token, Type, Visibility};

use super::binding::missing;
use super::context::repeated;
use crate::names;

/// `($crate) pub static TRACE: bool = false; …`, as `static_key!` passes it on.
struct Input {
    krate: TokenStream,
    keys: Result<Vec<Key>>,
}

/// One declaration.
struct Key {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    initial: LitBool,
}

const SHAPE: &str = "write `pub static NAME: bool = false;`";

impl Parse for Input {
    fn parse(input: ParseStream) -> Result<Self> {
        let krate = input.parse::<Group>()?.stream();
        let krate = Path::parse_mod_style.parse2(krate)?.into_token_stream();
        let keys = keys(input);
        // A parse error leaves tokens behind, which would be reported on top.
        input.parse::<TokenStream>()?;
        Ok(Input { krate, keys })
    }
}

fn keys(input: ParseStream) -> Result<Vec<Key>> {
    if input.is_empty() {
        return Err(missing(input, &format!("a static key is missing; {SHAPE}")));
    }
    let mut keys = Vec::new();
    while !input.is_empty() {
        keys.push(input.parse()?);
    }
    Ok(keys)
}

impl Parse for Key {
    fn parse(input: ParseStream) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !input.peek(Token![static]) {
            let what = format!("a static key is a `static`; {SHAPE}");
            return Err(missing(input, &what));
        }
        input.parse::<Token![static]>()?;
        if let Some(mutable) = input.parse::<Option<Token![mut]>>()? {
            return Err(Error::new_spanned(
                mutable,
                "a static key is switched by its methods, not assigned; remove `mut`",
            ));
        }
        let name = input.parse()?;
        if !input.peek(Token![:]) {
            return Err(missing(
                input,
                &format!("a static key has the type `bool`; {SHAPE}"),
            ));
        }
        input.parse::<Token![:]>()?;
        let ty: Type = input.parse()?;
        if !matches!(&ty, Type::Path(path) if path.path.is_ident("bool")) {
            return Err(Error::new_spanned(ty, "a static key is a `bool`"));
        }
        if !input.peek(Token![=]) {
            return Err(missing(
                input,
                "what the key is at first is missing: write `= false` or `= true`",
            ));
        }
        input.parse::<Token![=]>()?;
        let initial = literal(&input.parse()?)?;
        if !input.peek(Token![;]) {
            return Err(missing(input, "a `;` is missing behind the static key"));
        }
        input.parse::<Token![;]>()?;
        Ok(Key {
            attributes,
            visibility,
            name,
            initial,
        })
    }
}

/// Which branch is in line is decided where the macro is expanded.
fn literal(initial: &Expr) -> Result<LitBool> {
    match initial {
        Expr::Lit(ExprLit {
            lit: Lit::Bool(value),
            ..
        }) => Ok(value.clone()),
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        _ => Err(Error::new_spanned(
            initial,
            "a static key is `true` or `false` at first, written out",
        )),
    }
}

pub(crate) fn static_key(input: TokenStream) -> TokenStream {
    let Input { krate, keys } = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match keys {
        Ok(keys) => keys.iter().map(|key| key.expand(&krate)).collect(),
        Err(error) => error.into_compile_error(),
    }
}

impl Key {
    fn expand(&self, krate: &TokenStream) -> TokenStream {
        let private = quote!(#krate::__private);
        let Key {
            attributes,
            visibility,
            name,
            initial,
        } = self;
        let declared = names::static_key(name);
        let title = name.to_string();
        let repeated = repeated(attributes);
        let record = quote! {
            static __RECORD: #private::StaticKeyRecord =
                #private::StaticKeyRecord::new::<#declared>(
                    #title,
                    #private::core::module_path!(),
                    #private::core::option_env!("CARGO_PKG_VERSION"),
                    (#private::core::file!(), #private::core::line!(), #private::core::column!()),
                    &__STATE,
                );
        };
        // Without the runtime there is nobody who looks for keys.
        let record = if cfg!(feature = "std") {
            quote! {
                #private::STATIC_KEYS! {
                    #![linkme_macro = #private::STATIC_KEYS]
                    #record
                }
            }
        } else {
            record
        };
        quote! {
            #repeated
            #[doc(hidden)]
            #[allow(non_camel_case_types)]
            #visibility struct #declared;

            #(#attributes)*
            #visibility static #name: #krate::StaticKey<#declared> =
                #krate::StaticKey::<#declared>::NEW;

            #repeated
            const _: () = {
                static __STATE: #private::StaticKeyState =
                    #private::StaticKeyState::new(#initial);
                #record
                impl #private::DeclaredStaticKey for #declared {
                    const INITIAL: bool = #initial;
                    #[inline]
                    fn state() -> &'static #private::StaticKeyState {
                        &__STATE
                    }
                    #[inline]
                    fn record() -> &'static #private::StaticKeyRecord {
                        &__RECORD
                    }
                }
            };
        }
    }
}

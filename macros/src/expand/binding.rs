//! The expansion of `binding!`: a `static` of the trait's bound type, and behind it the
//! binding itself, its record in the registry's slice, and the template of its
//! trampolines.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, Block, Error, Expr, Path, Result, Token, Type, Visibility};

use super::context::repeated;
use crate::names;

/// `($crate) pub static CLOCK: dyn Clock = SystemClock; …`, as `binding!` passes it on.
struct Input {
    krate: TokenStream,
    bindings: Result<Vec<Binding>>,
}

/// One declaration.
struct Binding {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    object: Type,
    initial: Initial,
}

/// What is bound at first.
enum Initial {
    /// A constant, whose address is taken.
    Value(Expr),
    /// What a block makes on first use: `lazy { … }`.
    Lazy(Block),
    /// `None`.
    Nothing(Ident),
}

const SHAPE: &str = "write `pub static NAME: dyn Trait = initial;`";

impl Parse for Input {
    fn parse(input: ParseStream) -> Result<Self> {
        let krate = input.parse::<Group>()?.stream();
        let krate = Path::parse_mod_style.parse2(krate)?.into_token_stream();
        let bindings = bindings(input);
        // A parse error leaves tokens behind, which would be reported on top.
        input.parse::<TokenStream>()?;
        Ok(Input { krate, bindings })
    }
}

/// Says what is missing here, or at the end of the macro call.
pub(super) fn missing(input: ParseStream, what: &str) -> Error {
    if input.is_empty() {
        Error::new(Span::call_site(), what)
    } else {
        input.error(what)
    }
}

fn bindings(input: ParseStream) -> Result<Vec<Binding>> {
    if input.is_empty() {
        return Err(missing(input, &format!("a binding is missing; {SHAPE}")));
    }
    let mut bindings = Vec::new();
    while !input.is_empty() {
        bindings.push(input.parse()?);
    }
    Ok(bindings)
}

impl Parse for Binding {
    fn parse(input: ParseStream) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !input.peek(Token![static]) {
            return Err(missing(input, &format!("a binding is a `static`; {SHAPE}")));
        }
        input.parse::<Token![static]>()?;
        if let Some(mutable) = input.parse::<Option<Token![mut]>>()? {
            return Err(Error::new_spanned(
                mutable,
                "a binding is swapped by its methods, not assigned; remove `mut`",
            ));
        }
        let name = input.parse()?;
        if !input.peek(Token![:]) {
            return Err(missing(input, &format!("a binding has a type; {SHAPE}")));
        }
        input.parse::<Token![:]>()?;
        let mut object: Type = input.parse()?;
        refuse_other_types(&object)?;
        if let Type::TraitObject(object) = &mut object {
            // `dyn Trait +` is a type, but not in `<dyn Trait + as …>`.
            object.bounds.pop_punct();
        }
        if !input.peek(Token![=]) {
            return Err(missing(
                input,
                "what is bound at first is missing: write `= value`, `= lazy { … }` or `= None`",
            ));
        }
        input.parse::<Token![=]>()?;
        let initial = input.parse()?;
        if !input.peek(Token![;]) {
            return Err(missing(input, "a `;` is missing behind the binding"));
        }
        input.parse::<Token![;]>()?;
        Ok(Binding {
            attributes,
            visibility,
            name,
            object,
            initial,
        })
    }
}

/// Refuses what is not `dyn Trait` by its spelling. A path may be an alias of one.
fn refuse_other_types(object: &Type) -> Result<()> {
    let advice = match object {
        Type::TraitObject(_) | Type::Path(_) | Type::Macro(_) => return Ok(()),
        Type::Group(group) => return refuse_other_types(&group.elem),
        Type::Paren(paren) => return refuse_other_types(&paren.elem),
        Type::Reference(_) => "a binding holds the object itself; write `dyn Trait` without `&`",
        Type::ImplTrait(_) => "what is bound changes; write `dyn Trait` in place of `impl Trait`",
        _ => "a binding is to a trait object; write `dyn Trait`",
    };
    Err(Error::new_spanned(object, advice))
}

impl Parse for Initial {
    fn parse(input: ParseStream) -> Result<Self> {
        let ahead = input.fork();
        if let Ok(word) = ahead.parse::<Ident>() {
            if word == "None" && ahead.peek(Token![;]) {
                return input.parse().map(Initial::Nothing);
            }
            if word == "lazy" && ahead.peek(syn::token::Brace) {
                input.parse::<Ident>()?;
                return input.parse().map(Initial::Lazy);
            }
        }
        input.parse().map(Initial::Value)
    }
}

pub(crate) fn binding(input: TokenStream) -> TokenStream {
    let Input { krate, bindings } = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match bindings {
        Ok(bindings) => bindings
            .iter()
            .map(|binding| binding.expand(&krate))
            .collect(),
        Err(error) => error.into_compile_error(),
    }
}

impl Binding {
    fn expand(&self, krate: &TokenStream) -> TokenStream {
        let private = quote!(#krate::__private);
        let Binding {
            attributes,
            visibility,
            name,
            object,
            ..
        } = self;
        let site = names::binding(name);
        let title = name.to_string();
        let repeated = repeated(attributes);
        // What rustc has to say of the type belongs to it.
        let of_object = at(&private, object.span());
        let trait_object = quote_spanned!(object.span()=> <#object as #of_object::TraitObject>);
        let checked = quote_spanned!(object.span()=> #of_object::is_shareable::<#object>(););
        let Parts {
            kind,
            initial,
            items,
        } = self.parts(&private);
        quote! {
            #repeated
            #[doc(hidden)]
            #[allow(non_camel_case_types)]
            #visibility struct #site;

            #(#attributes)*
            #visibility static #name: #trait_object::__Bound<#site> =
                <#trait_object::__Bound<#site> as #private::Bound>::NEW;

            #repeated
            const _: () = {
                #checked
                #items
                static __BINDING: #private::Binding<#object, #kind> =
                    unsafe { #private::Binding::new(&__RECORD, #initial) };
                #private::BINDINGS! {
                    #![linkme_macro = #private::BINDINGS]
                    static __RECORD: #private::BindingRecord = #private::BindingRecord::new::<#site>(
                        #title,
                        #private::core::module_path!(),
                        #private::core::option_env!("CARGO_PKG_VERSION"),
                        (#private::core::file!(), #private::core::line!(), #private::core::column!()),
                    );
                }
                // SAFETY: what stands around here.
                unsafe impl #private::BindingSite for #site {
                    type Object = #object;
                    type Kind = #kind;
                    #[inline]
                    fn binding() -> &'static #private::Binding<#object, #kind> {
                        &__BINDING
                    }
                    fn record() -> &'static #private::BindingRecord {
                        &__RECORD
                    }
                    #[inline(always)]
                    fn trampoline<__Method: #private::DispatchedMethod<Object = #object>>()
                        -> unsafe extern "C-unwind" fn()
                    {
                        __trampoline::<__Method>
                    }
                }
                #private::trampoline_of_binding! { #site, #object }
            };
        }
    }

    /// What depends on what is bound at first.
    fn parts(&self, private: &TokenStream) -> Parts {
        let object = &self.object;
        let site = names::binding(&self.name);
        let always = quote!(impl #private::AlwaysBound for #site {});
        match &self.initial {
            Initial::Value(value) => {
                let reference = quote_spanned!(value.span()=> &#value);
                Parts {
                    kind: quote!(#private::Always),
                    initial: quote!(#private::Initial::Value(&__INITIAL)),
                    items: quote! {
                        static __INITIAL: #private::Shared<#object> = #private::Shared {
                            reference: #reference,
                            promise: unsafe { #private::Shares::new() },
                        };
                        #always
                    },
                }
            }
            Initial::Lazy(block) => Parts {
                kind: quote!(#private::Always),
                initial: quote!(#private::Initial::Lazy(__initial)),
                items: quote! {
                    fn __initial() -> #private::Box<#object> #block
                    #always
                },
            },
            Initial::Nothing(none) => {
                let there = at(private, none.span());
                Parts {
                    kind: quote!(#private::Sometimes),
                    initial: quote!(#private::Initial::Nothing),
                    items: quote_spanned!(none.span()=> #there::may_be_unbound::<#object>();),
                }
            }
        }
    }
}

/// The parts of an expansion that depend on what is bound at first.
struct Parts {
    /// Whether something is always bound.
    kind: TokenStream,
    initial: TokenStream,
    /// What stands beside it, and is checked.
    items: TokenStream,
}

/// The path as it is, at another place: rustc points there.
fn at(path: &TokenStream, place: Span) -> TokenStream {
    names::spanned(path.clone(), |span| span.located_at(place))
}

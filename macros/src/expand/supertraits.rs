//! Supertraits without the attribute. A plugin and its host were compiled apart, and of such
//! a trait neither can say which methods it has. What can be said is whether that matters:
//! not of a trait that is annotated and so compared by itself, nor of the standard library's,
//! which both have from one compiler, nor of one that has no methods.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{GenericParam, TraitBound, Type, TypeParamBound};

use super::context::Context;
use crate::{rewrite, valid};

/// Auto traits, which have no methods.
const WITHOUT_METHODS: [&str; 6] = [
    "Send",
    "Sync",
    "Unpin",
    "UnwindSafe",
    "RefUnwindSafe",
    "Sized",
];

impl Context<'_> {
    /// `.with_unknown(…)`: a function that gives the first supertrait whose methods cannot be
    /// compared. Nothing if there are no supertraits to ask about, or the user promises.
    pub(super) fn unknown_supertraits(&self) -> Option<TokenStream> {
        if cfg!(not(feature = "std")) || self.input.options.same_supertraits {
            return None;
        }
        let private = &self.private;
        let bounds: Vec<_> = valid::supertraits(&self.input.item)
            .filter_map(asked_about)
            .map(|bound| self.unknown(bound))
            .collect();
        (!bounds.is_empty()).then(|| {
            quote! {
                .with_unknown({
                    fn __unknown() -> #private::core::option::Option<&'static #private::core::primitive::str> {
                        use #private::NoAnnotatedSupertrait as _;
                        #private::core::option::Option::None #(#bounds)*
                    }
                    __unknown
                })
            }
        })
    }

    /// What one of them adds: an answer, unless there is one.
    fn unknown(&self, bound: &TraitBound) -> TokenStream {
        let private = &self.private;
        let name: Vec<_> = bound
            .path
            .segments
            .iter()
            .map(|one| one.ident.to_string())
            .collect();
        let name = name.join("::");
        match self.without_generics(bound) {
            None => quote!(.or(#private::core::option::Option::Some(#name))),
            Some(bound) => quote! {
                .or_else(|| {
                    trait __Alone: #bound + #private::Mark {}
                    if #private::Supertrait::<dyn #bound>::IS_ANNOTATED
                        || #private::is_standard::<dyn #bound>()
                        || unsafe { #private::has_no_methods::<dyn __Alone>() }
                    {
                        #private::core::option::Option::None
                    } else {
                        #private::core::option::Option::Some(#name)
                    }
                })
            },
        }
    }

    /// The bound where no parameters are, for any arguments will do: which trait it is does not
    /// depend on them. [`None`] if it is not certain that they are allowed, and that the trait
    /// has an object type of its own.
    fn without_generics(&self, bound: &TraitBound) -> Option<TraitBound> {
        let mut bound = TraitBound {
            paren_token: None,
            ..bound.clone()
        };
        if self.has_open_supertraits()
            || rewrite::mentions_self(&TypeParamBound::Trait(bound.clone()))
        {
            return None;
        }
        let generics = &self.input.item.generics;
        let mut replace = Replace {
            parameters: &generics.params.iter().collect::<Vec<_>>(),
            is_free: generics
                .where_clause
                .as_ref()
                .is_none_or(|clause| clause.predicates.iter().all(rewrite::mentions_self)),
            failed: false,
        };
        replace.visit_trait_bound_mut(&mut bound);
        (!replace.failed).then_some(bound)
    }
}

/// A bound that may bring methods.
fn asked_about(bound: &TypeParamBound) -> Option<&TraitBound> {
    let TypeParamBound::Trait(bound) = bound else {
        return None;
    };
    let last = &bound.path.segments.last()?.ident;
    let may = bound.maybe.is_none() && !WITHOUT_METHODS.iter().any(|name| last == name);
    may.then_some(bound)
}

/// Puts `()` and `'static` in place of parameters.
struct Replace<'a> {
    parameters: &'a [&'a GenericParam],
    /// No clause asks anything of them.
    is_free: bool,
    failed: bool,
}

impl Replace<'_> {
    fn parameter(&self, name: &Ident) -> Option<&GenericParam> {
        let mut all = self.parameters.iter();
        let found = all.find(|one| match one {
            GenericParam::Type(one) => one.ident == *name,
            GenericParam::Const(one) => one.ident == *name,
            GenericParam::Lifetime(_) => false,
        });
        found.copied()
    }
}

impl VisitMut for Replace<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        let name = match ty {
            Type::Path(path) if path.qself.is_none() => path.path.get_ident().cloned(),
            _ => None,
        };
        match name.as_ref().and_then(|name| self.parameter(name)) {
            Some(GenericParam::Type(parameter))
                if self.is_free && parameter.bounds.iter().all(holds_for_unit) =>
            {
                *ty = syn::parse_quote!(());
            }
            Some(_) => self.failed = true,
            None => syn::visit_mut::visit_type_mut(self, ty),
        }
    }

    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        // `T::Item`, or a constant's parameter in an expression.
        let first = path.segments.first().map(|first| first.ident.clone());
        self.failed |= first.is_some_and(|first| self.parameter(&first).is_some());
        syn::visit_mut::visit_path_mut(self, path);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
        let is_one = |one: &&GenericParam| match one {
            GenericParam::Lifetime(one) => one.lifetime == *lifetime,
            _ => false,
        };
        if self.parameters.iter().any(is_one) {
            *lifetime = syn::Lifetime::new("'static", lifetime.span());
        }
    }
}

/// Whether `()` has what the bound asks for, as far as its name says it.
fn holds_for_unit(bound: &TypeParamBound) -> bool {
    const HOLD: [&str; 5] = ["Send", "Sync", "Copy", "Clone", "Unpin"];
    match bound {
        TypeParamBound::Lifetime(_) => true,
        TypeParamBound::Trait(bound) => {
            let holds = |name: &Ident| HOLD.iter().any(|known| name == known);
            bound.maybe.is_some() || bound.path.get_ident().is_some_and(holds)
        }
        _ => false,
    }
}

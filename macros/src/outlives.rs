//! Conditions that a type outlives a lifetime which is no method's: `Self: 'static`,
//! `&'static T`. rustc takes them for granted in the method itself, and nowhere that it
//! is only named, as in tables of shims. Where the trait does not say them they could be
//! asked for there, but then objects without them would have no call sites at all.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{
    Error, ItemTrait, Lifetime, Receiver, Token, TraitItem, Type, TypeParamBound, TypePath,
    TypeReference, WherePredicate,
};

use crate::rewrite;

/// What one method asks for.
pub(crate) struct Outlives<'a> {
    signature: &'a syn::Signature,
    item: &'a ItemTrait,
    /// `'static`, the trait's lifetimes, and what outlives one of these, with that one.
    long: Vec<(Lifetime, Lifetime)>,
}

impl<'a> Outlives<'a> {
    pub(crate) fn new(signature: &'a syn::Signature, item: &'a ItemTrait) -> Self {
        let of_the_trait = item.generics.lifetimes().map(|one| one.lifetime.clone());
        let of_all = std::iter::once(Lifetime::new("'static", Span::call_site()));
        let own = of_all.chain(of_the_trait);
        let mut long: Vec<_> = own.map(|lifetime| (lifetime.clone(), lifetime)).collect();
        let generics = &signature.generics;
        let declared = generics.lifetimes().map(|one| (&one.lifetime, &one.bounds));
        let clause = generics.where_clause.iter();
        let clause = clause.flat_map(|clause| &clause.predicates);
        let clause = clause.filter_map(|predicate| match predicate {
            WherePredicate::Lifetime(predicate) => Some((&predicate.lifetime, &predicate.bounds)),
            _ => None,
        });
        let outliving: Vec<_> = declared.chain(clause).collect();
        // As often as one may follow from another.
        for _ in 0..outliving.len() {
            for (lifetime, bounds) in &outliving {
                let known = long.iter().any(|(known, _)| known == *lifetime);
                let outlived = long
                    .iter()
                    .find(|(known, _)| bounds.iter().any(|one| one == known));
                if let (false, Some((_, outlived))) = (known, outlived) {
                    long.push(((*lifetime).clone(), outlived.clone()));
                }
            }
        }
        Outlives {
            signature,
            item,
            long,
        }
    }

    /// One that is written.
    pub(crate) fn predicate(&self) -> Option<TokenStream> {
        let clause = self.signature.generics.where_clause.as_ref()?;
        let predicate = clause.predicates.iter().find(|predicate| match predicate {
            WherePredicate::Type(predicate) => {
                let mut bounds = predicate.bounds.iter();
                bounds.any(|bound| match bound {
                    TypeParamBound::Lifetime(lifetime) => {
                        self.asks(&predicate.bounded_ty, lifetime).is_some()
                    }
                    _ => false,
                })
            }
            _ => false,
        });
        predicate.map(ToTokens::to_token_stream)
    }

    /// One that follows from a reference in the signature.
    pub(crate) fn implied(&self) -> Option<Error> {
        struct References<'a>(&'a Outlives<'a>, Option<Error>);
        impl Visit<'_> for References<'_> {
            fn visit_type_reference(&mut self, reference: &TypeReference) {
                if let Some(lifetime) = &reference.lifetime
                    && let Some(asked) = self.0.asks(&reference.elem, lifetime)
                {
                    self.1.get_or_insert_with(|| {
                        Error::new_spanned(
                            reference,
                            format!(
                                "this reference is there for some types only, so the method \
                                 cannot be dispatched; write `{asked}` at the trait, or remove \
                                 `#[static_dispatch]`",
                            ),
                        )
                    });
                }
                syn::visit::visit_type_reference(self, reference);
            }
            fn visit_receiver(&mut self, receiver: &Receiver) {
                // What outlives one of the trait's lifetimes is seen to elsewhere.
                let of_the_trait = |lifetime: &Lifetime| {
                    let mut lifetimes = self.0.item.generics.lifetimes();
                    lifetimes.any(|one| one.lifetime == *lifetime)
                };
                match rewrite::type_of(receiver) {
                    Type::Reference(TypeReference {
                        lifetime: Some(lifetime),
                        ..
                    }) if of_the_trait(&lifetime) => {}
                    ty => self.visit_type(&ty),
                }
            }
        }
        let mut references = References(self, None);
        references.visit_signature(self.signature);
        references.1
    }

    /// What it takes for the type to outlive the lifetime, if the trait leaves that open.
    fn asks(&self, ty: &Type, lifetime: &Lifetime) -> Option<String> {
        let (_, outlived) = self.long.iter().find(|(known, _)| known == lifetime)?;
        let mut named = Named {
            item: self.item,
            types: Vec::new(),
        };
        named.visit_type(ty);
        let mut open = named
            .types
            .iter()
            .filter(|ty| !self.is_stated(ty, outlived));
        open.next().map(|ty| format!("{ty}: {outlived}"))
    }

    /// Whether the trait says that what is named so outlives the lifetime.
    fn is_stated(&self, named: &str, lifetime: &Lifetime) -> bool {
        let says_so = |bounds: &Punctuated<TypeParamBound, Token![+]>| {
            bounds.iter().any(|bound| match bound {
                TypeParamBound::Lifetime(bound) => bound == lifetime || bound.ident == "static",
                _ => false,
            })
        };
        let item = self.item;
        let mut parameters = item.generics.type_params();
        let mut types = item.items.iter().filter_map(|part| match part {
            TraitItem::Type(ty) => Some(ty),
            _ => None,
        });
        let clause = item.generics.where_clause.iter();
        let mut clause = clause.flat_map(|clause| &clause.predicates);
        named == "Self" && says_so(&item.supertraits)
            || parameters.any(|one| one.ident == named && says_so(&one.bounds))
            || types.any(|one| named == format!("Self::{}", one.ident) && says_so(&one.bounds))
            || clause.any(|predicate| match predicate {
                WherePredicate::Type(predicate) => {
                    let ty = predicate.bounded_ty.to_token_stream().to_string();
                    ty.replace(' ', "") == named && says_so(&predicate.bounds)
                }
                _ => false,
            })
    }
}

/// What a type names of what differs between implementations: the trait's parameters,
/// `Self`, and `Self::Name`.
struct Named<'a> {
    item: &'a ItemTrait,
    types: Vec<String>,
}

impl Visit<'_> for Named<'_> {
    fn visit_type_path(&mut self, ty: &TypePath) {
        if let (None, Some(first)) = (&ty.qself, ty.path.segments.first()) {
            let name = first.ident.to_string();
            let second = ty.path.segments.iter().nth(1);
            match second {
                Some(second) if name == "Self" => {
                    self.types.push(format!("Self::{}", second.ident));
                }
                _ => {
                    let mut parameters = self.item.generics.type_params();
                    let is_one = name == "Self" || parameters.any(|one| one.ident == name);
                    self.types.extend(is_one.then_some(name));
                }
            }
        }
        syn::visit::visit_type_path(self, ty);
    }
}

//! What every part of a trait's expansion needs: the trait's generics, the names and
//! arguments of the hidden items, and its methods' signatures as each place has them.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, GenericParam, Generics, ItemTrait, Meta, TraitItem, TraitItemType, TypeParamBound,
    WherePredicate,
};

use super::inherited::Inherited;
use super::shape::Shape;
use super::shared::private_path;
use crate::ast::{Method, Trait};
use crate::list::Listed;
use crate::{names, rewrite};

/// The attributes that items generated for an annotated one repeat: `cfg`, and
/// the lints that its author has allowed, for they look at the author's tokens.
/// A lint that was expected is reported on the author's item and allowed here.
pub(super) fn repeated(attributes: &[Attribute]) -> TokenStream {
    attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            _ if attribute.path().is_ident("cfg") => Some(attribute.to_token_stream()),
            // Generated items use the deprecated one; its users are told elsewhere.
            _ if attribute.path().is_ident("deprecated") => Some(quote!(#[allow(deprecated)])),
            Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
                let lints = &list.tokens;
                Some(quote!(#[allow(#lints)]))
            }
            _ => None,
        })
        .collect()
}

fn associated_types(item: &ItemTrait) -> impl Iterator<Item = &TraitItemType> {
    item.items
        .iter()
        .filter_map(|part| match part {
            TraitItem::Type(ty) => Some(ty),
            _ => None,
        })
        .filter(|ty| !rewrite::requires_sized_self(ty.generics.where_clause.as_ref()))
}

/// `type Inline = (A, (B, ()));`, each pair where its type stands; one for each case of the
/// conditions that types have.
pub(super) fn inline_type(types: &[Listed]) -> TokenStream {
    let conditions: Vec<_> = types
        .iter()
        .filter_map(|one| one.cfg.as_ref())
        .filter_map(|cfg| cfg.meta.require_list().ok())
        .map(|list| &list.tokens)
        .collect();
    let cases = (0..1_usize << conditions.len()).map(|case| {
        let holds = |index: usize| case >> index & 1 == 1;
        let mut index = 0;
        let listed = types.iter().filter(|one| {
            one.cfg.is_none() || {
                index += 1;
                holds(index - 1)
            }
        });
        let listed: Vec<_> = listed.map(|one| &one.ty).collect();
        let list = listed.iter().rev().fold(
            quote!(()),
            |rest, ty| quote_spanned!(ty.span()=> (#ty, #rest)),
        );
        let each = conditions.iter().enumerate();
        let each = each.map(|(index, condition)| {
            if holds(index) {
                quote!(all(#condition))
            } else {
                quote!(not(all(#condition)))
            }
        });
        let cfg = (!conditions.is_empty()).then(|| quote!(#[cfg(all(#(#each),*))]));
        quote!(#cfg type Inline = #list;)
    });
    cases.collect()
}

/// What every part of the expansion needs.
pub(super) struct Context<'a> {
    pub(super) input: &'a Trait,
    pub(super) private: TokenStream,
    pub(super) layout: u64,
    /// Attributes that every generated item repeats.
    pub(super) repeated: TokenStream,
    /// Generics of the trait without the predicates that speak of `Self`.
    pub(super) generics: Generics,
    /// `Trait<A>`.
    pub(super) applied: TokenStream,
    /// Associated types that an object type must name, each with a parameter of
    /// the entries that stands for it.
    pub(super) associated: Vec<(Ident, Ident, Vec<TypeParamBound>)>,
    /// How many of them are the trait's own; the others are its supertraits'.
    own: usize,
    inherited: Inherited,
}

impl<'a> Context<'a> {
    pub(super) fn new(input: &'a Trait, layout: u64) -> Context<'a> {
        let item = &input.item;
        let private = private_path(input.options.krate.as_ref());
        let mut generics = item.generics.clone();
        if let Some(clause) = &mut generics.where_clause {
            clause.predicates = std::mem::take(&mut clause.predicates)
                .into_iter()
                .filter(|predicate: &WherePredicate| !rewrite::mentions_self(predicate))
                .collect();
        }
        let types: Vec<_> = associated_types(item).collect();
        let parameter = names::associated;
        let inherited = Inherited::of(input);
        let own = types.iter().map(|ty| {
            let bounds = ty.bounds.iter().cloned().map(|mut bound| {
                rewrite::replace_associated(&mut bound, &|name| {
                    let own = types.iter().any(|ty| ty.ident == *name);
                    let open = inherited.open.iter().any(|(open, _)| open == name);
                    if own || open {
                        return Some(parameter(name).into_token_stream());
                    }
                    inherited.qualified(name)
                });
                bound
            });
            (ty.ident.clone(), parameter(&ty.ident), bounds.collect())
        });
        let of_supertraits = inherited.open.iter().map(|(name, may_be_unsized)| {
            let bounds = may_be_unsized.then(|| syn::parse_quote!(?#private::core::marker::Sized));
            (name.clone(), parameter(name), Vec::from_iter(bounds))
        });
        let associated = own.chain(of_supertraits).collect();
        let own = types.len();
        Context {
            private,
            layout,
            repeated: repeated(&item.attrs),
            applied: rewrite::applied(&item.ident, &item.generics),
            generics,
            associated,
            own,
            inherited,
            input,
        }
    }

    /// Whether objects have to name an associated type that a supertrait has.
    pub(super) fn has_open_supertraits(&self) -> bool {
        !self.inherited.open.is_empty()
    }

    pub(super) fn ident(&self) -> &Ident {
        &self.input.item.ident
    }

    /// As visible as the trait, but not by the user's own word: rustc would take items that
    /// begin with it for the user's, and say that nobody calls them.
    pub(super) fn visibility(&self) -> TokenStream {
        let quiet = |mut token: TokenTree| {
            token.set_span(names::own(token.span()));
            token
        };
        let written = self.input.item.vis.to_token_stream();
        written.into_iter().map(quiet).collect()
    }

    /// The associated types that an object type must name.
    pub(super) fn associated_types(&self) -> impl Iterator<Item = &TraitItemType> {
        associated_types(&self.input.item)
    }

    pub(super) fn hook_applied(&self) -> TokenStream {
        rewrite::applied(&names::hook(self.ident()), &self.generics)
    }

    pub(super) fn shims_applied(&self) -> TokenStream {
        rewrite::applied(&names::shims(self.ident()), &self.generics)
    }

    /// The trait's generics with one more type parameter for an implementor.
    pub(super) fn generics_with_implementor(&self) -> Generics {
        let mut generics = self.generics.clone();
        let (applied, private) = (&self.applied, &self.private);
        generics
            .params
            .push(syn::parse_quote!(__Implementation: #applied + ?#private::core::marker::Sized));
        generics
    }

    /// `Self: 'a`, which a receiver `&'a mut self` with the trait's own `'a` asks for.
    /// In a method that has this receiver it is implied; where the method is only
    /// named, it must be said.
    pub(super) fn outlives(&self, implementor: &TokenStream) -> Option<WherePredicate> {
        let names = |tokens: TokenStream, lifetime: &syn::Lifetime| {
            let text = format!("{lifetime} ");
            format!("{tokens} ").contains(&text)
        };
        let lifetimes = self.generics.lifetimes().map(|one| &one.lifetime);
        let lifetimes = lifetimes.filter(|lifetime| {
            let mut dispatched = self.input.dispatched();
            dispatched.any(|dispatched| {
                let receiver = dispatched.method.receiver();
                receiver.is_some_and(|receiver| names(receiver.to_token_stream(), lifetime))
            })
        });
        let lifetimes: Vec<_> = lifetimes.collect();
        (!lifetimes.is_empty()).then(|| syn::parse_quote!(#implementor: #(#lifetimes)+*))
    }

    /// `__TraitMethod_encode<'a, A, Object>`. Told apart by name and not by an index in
    /// the generics: rustc checks each constant there as if it were a function, and
    /// there were more of these than of functions.
    pub(super) fn key(&self, method: &Method, object: &TokenStream) -> TokenStream {
        let key = names::key(self.ident(), method.ident());
        let arguments = self.parameter_names();
        quote!(#key <#(#arguments,)* #object>)
    }

    /// `Trait<A, Frame = …>`: what follows `dyn`, or bounds an implementor.
    pub(super) fn bound_with(
        &self,
        binding: impl Fn(&(Ident, Ident, Vec<TypeParamBound>)) -> TokenStream,
    ) -> TokenStream {
        let ident = self.ident();
        let plain = self.parameter_names().into_iter();
        let arguments: Vec<_> = plain.chain(self.associated.iter().map(binding)).collect();
        if arguments.is_empty() {
            ident.to_token_stream()
        } else {
            quote!(#ident <#(#arguments),*>)
        }
    }

    /// `'a, A, N`.
    pub(super) fn parameter_names(&self) -> Vec<TokenStream> {
        let parameters = self.generics.params.iter();
        parameters
            .map(|parameter| match parameter {
                GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
                GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
                GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
            })
            .collect()
    }

    pub(super) fn guards_applied(&self, list: &TokenStream) -> TokenStream {
        let guards = names::guards(self.ident());
        let arguments = self.parameter_names();
        quote!(#guards <#(#arguments,)* #list>)
    }

    /// `__TraitEnter_encode<'a, A, __Site>`.
    pub(super) fn entering(&self, method: &Method) -> TokenStream {
        let entering = names::entering(self.ident(), method.ident());
        let arguments = self.parameter_names();
        quote!(#entering <#(#arguments,)* __Site>)
    }

    /// The trait's own associated types that an object type must name.
    fn own_types(&self) -> impl Iterator<Item = &Ident> {
        self.associated.iter().take(self.own).map(|(name, ..)| name)
    }

    /// `Name = …` as the implementor `implementor` has it.
    pub(super) fn bound_by(&self, name: &Ident, implementor: &TokenStream) -> TokenStream {
        let applied = &self.applied;
        if self.own_types().any(|own| own == name) {
            quote!(#name = <#implementor as #applied>::#name)
        } else {
            quote!(#name = #implementor::#name)
        }
    }

    /// The method's signature for a trait that has this one as a supertrait.
    pub(super) fn shape(&self, method: &Method) -> Shape {
        let applied = &self.applied;
        let own: Vec<_> = self.own_types().collect();
        Shape::new(method, &|name| {
            if own.contains(&name) {
                Some(quote!(<Self as #applied>::#name))
            } else {
                self.inherited.qualified(name)
            }
        })
    }

    /// The method's signature for an inherent impl of an object type.
    pub(super) fn shape_on_object(&self, method: &Method) -> Shape {
        let applied = &self.applied;
        Shape::new(method, &|name| {
            if self.own_types().any(|own| own == name) {
                Some(quote!(<Self as #applied>::#name))
            } else {
                self.chosen(name)
            }
        })
    }

    /// What stands for `Self::name` in an impl for an object type.
    pub(super) fn chosen(&self, name: &Ident) -> Option<TokenStream> {
        let named = self.associated.iter().find(|(known, ..)| known == name);
        match named {
            Some((_, parameter, _)) => Some(parameter.to_token_stream()),
            None => self.inherited.qualified(name),
        }
    }
}

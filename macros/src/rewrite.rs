//! Questions about, and rewriting of, `Self` in the user's types.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Path, Type, TypePath, WhereClause, WherePredicate};

/// Writes `Self::Frame` as `<Self as Trait<…>>::Frame`: on a trait object the
/// short form is ambiguous.
pub(crate) fn qualify_associated(ty: &mut Type, associated: &[Ident], as_trait: &TokenStream) {
    struct Qualify<'a> {
        associated: &'a [Ident],
        as_trait: &'a TokenStream,
    }
    impl VisitMut for Qualify<'_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::Path(TypePath { qself: None, path }) = ty
                && path.segments.len() >= 2
                && path.segments[0].ident == "Self"
                && self.associated.contains(&path.segments[1].ident)
            {
                let rest = path.segments.iter().skip(1);
                let as_trait = self.as_trait;
                *ty = syn::parse_quote!(<Self as #as_trait> #(:: #rest)*);
            }
            syn::visit_mut::visit_type_mut(self, ty);
        }
    }
    Qualify {
        associated,
        as_trait,
    }
    .visit_type_mut(ty);
}

/// Whether `Self` occurs, alone or in a path.
pub(crate) fn mentions_self<T: SelfVisitable>(node: &T) -> bool {
    struct Finder(bool);
    impl Visit<'_> for Finder {
        fn visit_path(&mut self, path: &Path) {
            self.0 |= path.segments[0].ident == "Self";
            syn::visit::visit_path(self, path);
        }
    }
    let mut finder = Finder(false);
    node.walk(&mut finder);
    finder.0
}

/// What [`mentions_self`] can look into.
pub(crate) trait SelfVisitable {
    fn walk<'a>(&'a self, visitor: &mut impl Visit<'a>);
}

impl SelfVisitable for WherePredicate {
    fn walk<'a>(&'a self, visitor: &mut impl Visit<'a>) {
        visitor.visit_where_predicate(self);
    }
}

impl SelfVisitable for syn::TypeParamBound {
    fn walk<'a>(&'a self, visitor: &mut impl Visit<'a>) {
        visitor.visit_type_param_bound(self);
    }
}

/// Whether the type is `Self` itself, by value.
pub(crate) fn is_self(ty: &Type) -> bool {
    matches!(ty, Type::Path(TypePath { qself: None, path }) if path.is_ident("Self"))
}

/// Whether a where clause says `Self: Sized`.
pub(crate) fn requires_sized_self(clause: Option<&WhereClause>) -> bool {
    clause.is_some_and(|clause| {
        clause.predicates.iter().any(|predicate| match predicate {
            WherePredicate::Type(predicate) => {
                is_self(&predicate.bounded_ty) && bounds_name(&predicate.bounds, "Sized")
            }
            _ => false,
        })
    })
}

/// Whether a list of bounds names the trait `name` (last path segment).
pub(crate) fn bounds_name<'a>(
    bounds: impl IntoIterator<Item = &'a syn::TypeParamBound>,
    name: &str,
) -> bool {
    bounds.into_iter().any(|bound| match bound {
        syn::TypeParamBound::Trait(bound) => {
            matches!(bound.modifier, syn::TraitBoundModifier::None)
                && bound
                    .path
                    .segments
                    .last()
                    .is_some_and(|segment| segment.ident == name)
        }
        _ => false,
    })
}

/// `Trait<'a, T, N>` for use behind `as`, in bounds and after `dyn`.
pub(crate) fn applied(ident: &Ident, generics: &syn::Generics) -> TokenStream {
    let (_, arguments, _) = generics.split_for_impl();
    quote!(#ident #arguments)
}

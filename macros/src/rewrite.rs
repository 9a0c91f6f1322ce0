//! Questions about, and rewriting of, `Self` in the user's types.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{
    GenericArgument, Path, PathArguments, Receiver, ReceiverKind, Safety, Signature, Type,
    TypePath, WhereClause, WherePredicate,
};

/// Writes `Self::Frame` another way: `<Self as Trait<…>>::Frame`, say, because the
/// short form is ambiguous on a trait object. `by` gives the type to write instead.
pub(crate) fn replace_associated<T: SelfRewritable>(
    node: &mut T,
    by: &dyn Fn(&Ident) -> Option<TokenStream>,
) {
    struct Replace<'a> {
        by: &'a dyn Fn(&Ident) -> Option<TokenStream>,
    }
    impl VisitMut for Replace<'_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::Path(TypePath {
                qself: None, path, ..
            }) = ty
                && path.segments.len() >= 2
                && path.segments[0].ident == "Self"
                && let Some(written) = (self.by)(&path.segments[1].ident)
            {
                let rest = path.segments.iter().skip(2);
                *ty = syn::parse_quote!(#written #(:: #rest)*);
            }
            syn::visit_mut::visit_type_mut(self, ty);
        }
    }
    node.walk_mut(&mut Replace { by });
}

/// What [`replace_associated`] can look into.
pub(crate) trait SelfRewritable {
    fn walk_mut(&mut self, visitor: &mut impl VisitMut);
}

impl SelfRewritable for Type {
    fn walk_mut(&mut self, visitor: &mut impl VisitMut) {
        visitor.visit_type_mut(self);
    }
}

impl SelfRewritable for WhereClause {
    fn walk_mut(&mut self, visitor: &mut impl VisitMut) {
        visitor.visit_where_clause_mut(self);
    }
}

impl SelfRewritable for syn::TypeParamBound {
    fn walk_mut(&mut self, visitor: &mut impl VisitMut) {
        visitor.visit_type_param_bound_mut(self);
    }
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

impl SelfVisitable for Type {
    fn walk<'a>(&'a self, visitor: &mut impl Visit<'a>) {
        visitor.visit_type(self);
    }
}

impl SelfVisitable for syn::TypeParamBound {
    fn walk<'a>(&'a self, visitor: &mut impl Visit<'a>) {
        visitor.visit_type_param_bound(self);
    }
}

/// Takes off the parentheses around types, but where several bounds are in them. What a
/// macro substituted has some that nobody wrote.
pub(crate) fn without_parentheses(signature: &mut Signature) {
    struct Peel;
    impl VisitMut for Peel {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            while let Type::Paren(syn::TypeParen { elem, .. })
            | Type::Group(syn::TypeGroup { elem, .. }) = ty
            {
                if matches!(
                    **elem,
                    Type::TraitObject(_) | Type::ImplTrait(_) | Type::FnPtr(_)
                ) {
                    break;
                }
                *ty = std::mem::replace(&mut **elem, Type::Verbatim(TokenStream::new()));
            }
            syn::visit_mut::visit_type_mut(self, ty);
        }
    }
    Peel.visit_signature_mut(signature);
}

/// `_` or a macro anywhere in the type: what it stands for depends on where it stands.
pub(crate) fn placeholder(ty: &Type) -> Option<Span> {
    struct Finder(Option<Span>);
    impl Visit<'_> for Finder {
        fn visit_type_infer(&mut self, found: &syn::TypeInfer) {
            self.0.get_or_insert(found.span());
        }
        fn visit_expr_infer(&mut self, found: &syn::ExprInfer) {
            self.0.get_or_insert(found.span());
        }
        fn visit_type_macro(&mut self, found: &syn::TypeMacro) {
            self.0.get_or_insert(found.span());
        }
    }
    let mut finder = Finder(None);
    finder.visit_type(ty);
    finder.0
}

/// The type of a receiver: of `&self` it is `&Self`.
pub(crate) fn type_of(receiver: &Receiver) -> Type {
    let of_self = || {
        let name = Ident::new("Self", receiver.self_token.span);
        Type::Path(syn::parse_quote!(#name))
    };
    match &receiver.kind {
        ReceiverKind::Reference(and, lifetime, mutability) => {
            let of_self = of_self();
            syn::parse_quote!(#and #lifetime #mutability #of_self)
        }
        ReceiverKind::Typed(_, ty) => (**ty).clone(),
        _ => of_self(),
    }
}

/// Whether it takes `unsafe` to call the function.
pub(crate) fn is_unsafe(signature: &Signature) -> bool {
    matches!(signature.safety, Safety::Unsafe(_))
}

/// Whether the type is `Self` itself, by value.
pub(crate) fn is_self(ty: &Type) -> bool {
    matches!(ty, Type::Path(TypePath { qself: None, path, .. }) if path.is_ident("Self"))
}

/// `T` of `Pin<T>`.
pub(crate) fn pinned(ty: &Type) -> Option<&Type> {
    pointer(ty).and_then(|(name, target)| (name == "Pin").then_some(target))
}

/// `Pin` and `T` of `std::pin::Pin<T>`.
pub(crate) fn pointer(ty: &Type) -> Option<(&Ident, &Type)> {
    let Type::Path(TypePath {
        qself: None, path, ..
    }) = ty
    else {
        return None;
    };
    let last = path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(argument) => Some((&last.ident, argument)),
        _ => None,
    }
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
            bound.maybe.is_none()
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

//! Associated types of supertraits. The macro sees no supertrait's declaration; it
//! sees what the trait's own tokens say of them:
//!
//! 1. `Sub: Iterator<Item = u8>` closes `Item`. Object types need not name it, and
//!    `Self::Item` is `<Self as Iterator>::Item`;
//! 2. `Self::Item` somewhere in a signature, where nothing closes it, is open:
//!    object types name it, `dyn Sub<Item = u8>`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::visit::Visit;
use syn::{
    GenericArgument, Path, PathArguments, TraitItem, Type, TypeParamBound, TypePath, TypeReference,
};

use crate::ast::Trait;
use crate::valid;

/// The associated types of a trait's supertraits, as far as its tokens show them.
pub(super) struct Inherited {
    /// Those that object types have to name, with whether they may be unsized.
    pub(super) open: Vec<(Ident, bool)>,
    /// Those that a supertrait's bound names, with that supertrait.
    closed: Vec<(Ident, Path)>,
}

impl Inherited {
    pub(super) fn of(input: &Trait) -> Inherited {
        let mut closed = Vec::new();
        for bound in valid::supertraits(&input.item) {
            close(bound, &mut closed);
        }
        let mut mentioned = Mentioned::default();
        for method in input.on_objects() {
            mentioned.visit_signature(&method.signature);
        }
        if let Some(base) = &input.options.supertrait {
            mentioned.visit_type_param_bound(base);
        }
        let types = input.item.items.iter().filter_map(|item| match item {
            TraitItem::Type(ty) => Some(ty),
            _ => None,
        });
        let types: Vec<_> = types.collect();
        for ty in &types {
            mentioned.visit_trait_item_type(ty);
        }
        let own = |name: &Ident| types.iter().any(|ty| ty.ident == *name);
        let mut open = mentioned.0;
        open.retain(|(name, _)| !own(name) && !closed.iter().any(|(known, _)| known == name));
        Inherited { open, closed }
    }

    /// `<Self as Iterator>::Item` for a closed one.
    pub(super) fn qualified(&self, name: &Ident) -> Option<TokenStream> {
        let (_, of) = self.closed.iter().find(|(known, _)| known == name)?;
        Some(quote!(<Self as #of>::#name))
    }
}

/// Adds what one bound closes.
fn close(bound: &TypeParamBound, closed: &mut Vec<(Ident, Path)>) {
    let TypeParamBound::Trait(bound) = bound else {
        return;
    };
    let mut path = bound.path.clone();
    let Some(last) = path.segments.last_mut() else {
        return;
    };
    let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
        return;
    };
    let (types, others) = std::mem::take(&mut arguments.args)
        .into_iter()
        .partition(|argument| matches!(argument, GenericArgument::AssocType(_)));
    let (types, others): (Vec<_>, Vec<_>) = (types, others);
    arguments.args = others.into_iter().collect();
    if arguments.args.is_empty() {
        last.arguments = PathArguments::None;
    }
    closed.extend(types.into_iter().filter_map(|argument| match argument {
        GenericArgument::AssocType(ty) => Some((ty.ident, path.clone())),
        _ => None,
    }));
}

/// The names in `Self::Name`, each once, with whether it may be unsized: it stands
/// behind references only.
#[derive(Default)]
struct Mentioned(Vec<(Ident, bool)>);

impl Mentioned {
    fn note(&mut self, name: &Ident, is_behind_reference: bool) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, may_be_unsized)) => *may_be_unsized &= is_behind_reference,
            None => self.0.push((name.clone(), is_behind_reference)),
        }
    }
}

impl Visit<'_> for Mentioned {
    fn visit_type_reference(&mut self, reference: &TypeReference) {
        match associated(&reference.elem) {
            Some(name) => self.note(name, true),
            None => syn::visit::visit_type_reference(self, reference),
        }
    }

    fn visit_type(&mut self, ty: &Type) {
        match associated(ty) {
            Some(name) => self.note(name, false),
            None => syn::visit::visit_type(self, ty),
        }
    }
}

/// `Name` of `Self::Name`.
fn associated(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(TypePath {
            qself: None, path, ..
        }) if path.segments.len() == 2 && path.segments[0].ident == "Self" => {
            Some(&path.segments[1].ident)
        }
        _ => None,
    }
}

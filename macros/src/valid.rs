//! What is refused. Each message says what is wrong with the user's token and
//! what to write instead.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::visit::Visit;
use syn::{
    Error, GenericParam, ItemTrait, Receiver, Result, ReturnType, TraitBound, TraitItem, Type,
    TypeImplTrait, TypeParamBound, TypePath, WherePredicate,
};

use crate::ast::{Method, Trait};
use crate::attr::MethodOptions;
use crate::outlives::Outlives;
use crate::rewrite;

/// Checks the whole trait; all errors are reported together. Methods that cannot
/// have a trampoline are skipped from here on. Returns whether the trait has
/// objects to dispatch on.
pub(crate) fn trait_(input: &mut Trait, errors: &mut Vec<Error>) -> bool {
    if let Some(auto) = &input.item.modifiers.auto_token {
        errors.push(Error::new_spanned(
            auto,
            "an auto trait has no methods to dispatch; remove `#[static_dispatch]`",
        ));
    }
    if let Some(object) = input
        .options
        .object
        .take_if(|name| *name == input.item.ident)
    {
        errors.push(Error::new_spanned(
            &object,
            format!("`object` writes a second trait, which needs another name than `{object}`"),
        ));
    }
    required(input, errors);
    for method in &mut input.methods {
        let of_trait = input.options.targets;
        match (&method.options, of_trait, self::method(method, &input.item)) {
            (Some(MethodOptions::Dispatch { .. }), _, Err(error)) => {
                errors.push(error);
                method.options = Some(MethodOptions::Skip);
            }
            // On the trait the option means "every eligible method".
            (None, Some(targets), Ok(())) => {
                method.options = Some(MethodOptions::Dispatch {
                    targets,
                    inline: Vec::new(),
                    none: None,
                });
            }
            _ => {}
        }
    }
    one_list_for_all(input, errors);
    let mut objections = Vec::new();
    dyn_compatible(input, &mut objections);
    let has_objects = objections.is_empty() && input.item.modifiers.auto_token.is_none();
    // A method that is itself at fault is reported once, by the check above.
    if errors.is_empty() {
        errors.append(&mut objections);
    }
    has_objects
}

/// Refuses `supertrait = Base` where `Base` is not among what stands behind the trait's
/// colon. rustc would say so for each of the object types.
fn required(input: &mut Trait, errors: &mut Vec<Error>) {
    let name = |bound: &TypeParamBound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().map(|last| last.ident.clone()),
        _ => None,
    };
    let Some(base) = input.options.supertrait.as_ref() else {
        return;
    };
    if supertraits(&input.item).any(|bound| name(bound) == name(base)) {
        return;
    }
    errors.push(Error::new_spanned(
        base,
        format!(
            "`{}` does not require this trait; write it behind the colon: `trait {0}: {}`",
            input.item.ident,
            name(base).map_or_else(String::new, |name| name.to_string()),
        ),
    ));
    input.options.supertrait = None;
}

/// Refuses a method's list where the trait's objects differ in associated types: a
/// listed type implements the trait with one choice of them, and would make an error
/// of every call on objects with another.
fn one_list_for_all(input: &mut Trait, errors: &mut Vec<Error>) {
    let associated = input.item.items.iter().find_map(|part| match part {
        TraitItem::Type(ty) if !rewrite::requires_sized_self(ty.generics.where_clause.as_ref()) => {
            Some(ty.ident.clone())
        }
        _ => None,
    });
    let Some(associated) = associated else { return };
    for method in &mut input.methods {
        if let Some(MethodOptions::Dispatch { inline, .. }) = &mut method.options
            && let Some(first) = inline.first()
        {
            errors.push(Error::new_spanned(
                first,
                format!(
                    "objects of this trait may differ in `{associated}`, so that one list cannot \
                     serve all of them; list the types at the call: \
                     `static_call!(receiver.method(arguments), inline = [A, B])`"
                ),
            ));
            inline.clear();
        }
    }
}

/// Whether a method can have a trampoline, and if not, why.
pub(crate) fn method(method: &Method, of: &ItemTrait) -> Result<()> {
    let signature = &method.signature;
    let Some(receiver) = method.receiver() else {
        return refuse(
            &signature.ident,
            "a method without `self` is not called through the vtable; remove \
             `#[static_dispatch]`, or give it `&self` or `&mut self`",
        );
    };
    self::receiver(receiver)?;
    if let Some(asyncness) = &signature.asyncness {
        return refuse(
            asyncness,
            "an `async fn` is not dyn-compatible; return `Pin<Box<dyn Future<Output = …> + '_>>` \
             from a plain `fn` instead",
        );
    }
    if let Some(parameter) = signature
        .generics
        .params
        .iter()
        .find(|parameter| !matches!(parameter, GenericParam::Lifetime(_)))
    {
        return refuse(
            parameter,
            "a generic method has no slot in the vtable; take `&dyn Trait` or `&mut dyn Trait` \
             instead, or remove `#[static_dispatch]` and add `where Self: Sized`",
        );
    }
    if let Some(found) = impl_trait(signature) {
        return refuse(
            found,
            "`impl Trait` makes the method generic, and generic methods have no slot in the \
             vtable; write `&dyn Trait`, `&mut dyn Trait` or `Box<dyn Trait>` instead",
        );
    }
    if method.needs_sized_self() {
        return refuse(
            &signature.generics.where_clause,
            "`where Self: Sized` keeps this method off trait objects; remove the clause or \
             `#[static_dispatch]`",
        );
    }
    if let Some(variadic) = &signature.variadic {
        return refuse(
            variadic,
            "a variadic method cannot be forwarded; take a slice",
        );
    }
    if let Some(attribute) = method
        .attributes
        .iter()
        .find(|attribute| attribute.path().is_ident("track_caller"))
    {
        return refuse(
            attribute,
            "a trampoline cannot pass on where it was called from; remove `#[track_caller]` or \
             `#[static_dispatch]`",
        );
    }
    if let Some(attribute) = conditional_argument(signature) {
        return refuse(
            attribute,
            "an argument cannot be there conditionally; put `#[cfg]` on two versions of the \
             method instead",
        );
    }
    by_value_self(method)?;
    condition(signature, of).map_or(Ok(()), Err)
}

/// What is wrong with a method that asks for more than its trait does: of types that its
/// signature names, or of `Self`. `async_trait` writes `Self: Sync`.
fn condition(signature: &syn::Signature, item: &ItemTrait) -> Option<Error> {
    let outlives = Outlives::new(signature, item);
    bound(signature, item)
        .map(ToTokens::to_token_stream)
        .or_else(|| outlives.predicate())
        .map(|condition| {
            Error::new_spanned(
                condition,
                "a method with a condition of its own is not there for every type, so it cannot \
                 be dispatched; move the condition to the trait, or remove `#[static_dispatch]`",
            )
        })
        .or_else(|| outlives.implied())
}

/// A predicate that asks for a trait which the trait's supertraits do not include.
fn bound<'a>(signature: &'a syn::Signature, item: &ItemTrait) -> Option<&'a WherePredicate> {
    let name = |bound: &TypeParamBound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().map(|last| last.ident.clone()),
        _ => None,
    };
    let is_marker = |bound: &TypeParamBound| {
        name(bound).is_some_and(|name| name == "Send" || name == "Sync")
            && supertraits(item).any(|known| name(known) == name(bound))
    };
    let clause = signature.generics.where_clause.as_ref()?;
    clause.predicates.iter().find(|predicate| match predicate {
        WherePredicate::Type(predicate) => predicate.bounds.iter().any(|bound| match bound {
            TypeParamBound::Lifetime(_) => false,
            bound => !(rewrite::is_self(&predicate.bounded_ty) && is_marker(bound)),
        }),
        _ => false,
    })
}

/// `#[cfg]` or `#[cfg_attr]` on an argument.
fn conditional_argument(signature: &syn::Signature) -> Option<&syn::Attribute> {
    let attributes = signature.inputs.iter().flat_map(|input| match input {
        syn::FnArg::Receiver(receiver) => &receiver.attrs,
        syn::FnArg::Typed(argument) => &argument.attrs,
    });
    attributes
        .into_iter()
        .find(|attribute| attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr"))
}

/// `&self`, `&mut self` and the same pinned: `Pin` is transparent, so that all are a
/// reference to the object in two registers. Owning receivers could be passed as
/// well, but a call that takes the object apart is no hot call.
fn receiver(receiver: &Receiver) -> Result<()> {
    const REFERENCE: &str = "write `&self`, `&mut self` or `self: Pin<&mut Self>`";
    let ty = rewrite::type_of(receiver);
    if is_reference(&ty) {
        return Ok(());
    }
    if rewrite::is_self(&ty) {
        return refuse(
            receiver,
            &format!("`self` by value cannot be called on a trait object; {REFERENCE}"),
        );
    }
    if rewrite::pinned(&ty).is_some_and(is_reference) {
        return Ok(());
    }
    let owns = |name: &Ident| {
        ["Box", "Rc", "Arc", "Pin"]
            .iter()
            .any(|owner| name == owner)
    };
    if rewrite::pointer(&ty).is_some_and(|(name, _)| owns(name)) {
        let ty = ty.to_token_stream().to_string().replace(' ', "");
        return refuse(
            receiver,
            &format!(
                "`self: {ty}` gives the object away, which happens once and not in a \
                 loop; {REFERENCE}, or remove `#[static_dispatch]` from this method"
            ),
        );
    }
    refuse(
        receiver,
        &format!(
            "this receiver cannot be dispatched; {REFERENCE}, or remove `#[static_dispatch]` from \
             this method"
        ),
    )
}

/// `&Self` or `&mut Self`.
fn is_reference(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => rewrite::is_self(&reference.elem),
        Type::Paren(paren) => is_reference(&paren.elem),
        Type::Group(group) => is_reference(&group.elem),
        _ => false,
    }
}

fn impl_trait(signature: &syn::Signature) -> Option<TokenStream> {
    struct Finder(Option<TokenStream>);
    impl Visit<'_> for Finder {
        fn visit_type_impl_trait(&mut self, found: &TypeImplTrait) {
            self.0.get_or_insert_with(|| found.to_token_stream());
        }
    }
    let mut finder = Finder(None);
    finder.visit_signature(signature);
    finder.0
}

fn by_value_self(method: &Method) -> Result<()> {
    if let Some(ty) = method.arguments().find(|ty| names_self(ty)) {
        return refuse(
            ty,
            "an argument that names `Self` has no type on a trait object; take `&dyn Trait` instead",
        );
    }
    if let ReturnType::Type(_, ty) = &method.signature.output
        && names_self(ty)
    {
        return refuse(
            ty,
            "a result that names `Self` has no type on a trait object; return `Box<dyn Trait>` \
             instead",
        );
    }
    Ok(())
}

/// `Self`, `&Self`, `Option<Self>` and the like, but not `Self::Frame`.
fn names_self(ty: &Type) -> bool {
    struct Finder(bool);
    impl Visit<'_> for Finder {
        fn visit_type_path(&mut self, ty: &TypePath) {
            self.0 |= ty.qself.is_none() && ty.path.is_ident("Self");
            // Not the `Self` of `<Self as Trait>::Frame`, which is no mention of it.
            self.visit_path(&ty.path);
        }
    }
    let mut finder = Finder(false);
    finder.visit_type(ty);
    finder.0
}

/// Finds what keeps the trait from having objects at all, as far as its own
/// tokens show it; supertraits are rustc's business.
fn dyn_compatible(input: &Trait, errors: &mut Vec<Error>) {
    let name = &input.item.ident;
    let lead = format!("`{name}` has no trait objects to dispatch on");
    for bound in supertraits(&input.item) {
        if let Some(supertrait) = excludes_objects(bound) {
            errors.push(Error::new_spanned(
                bound,
                format!(
                    "{lead}: the supertrait `{supertrait}` excludes them; remove it or the \
                     attribute"
                ),
            ));
        }
    }
    for item in &input.item.items {
        match item {
            TraitItem::Const(constant) => errors.push(Error::new_spanned(
                &constant.ident,
                format!("{lead}: an associated constant excludes them; write a method instead"),
            )),
            TraitItem::Type(ty)
                if !ty.generics.params.is_empty()
                    && !rewrite::requires_sized_self(ty.generics.where_clause.as_ref()) =>
            {
                errors.push(Error::new_spanned(
                    &ty.ident,
                    format!(
                        "{lead}: a generic associated type excludes them; add `where Self: Sized` \
                         to it"
                    ),
                ));
            }
            _ => {}
        }
    }
    for method in input
        .left_alone()
        .filter(|method| !method.needs_sized_self())
    {
        let reason = if method.receiver().is_none() {
            "has no `self`"
        } else if method.signature.asyncness.is_some() {
            "is an `async fn`"
        } else if method
            .signature
            .generics
            .params
            .iter()
            .any(|parameter| !matches!(parameter, GenericParam::Lifetime(_)))
        {
            "is generic"
        } else if impl_trait(&method.signature).is_some() {
            "uses `impl Trait`"
        } else if by_value_self(method).is_err() {
            "names `Self`"
        } else {
            continue;
        };
        errors.push(Error::new_spanned(
            method.ident(),
            format!(
                "{lead}: `{}` {reason}; add `where Self: Sized` to it",
                method.ident()
            ),
        ));
    }
}

/// Supertraits, also those written `where Self: Supertrait`.
pub(crate) fn supertraits(item: &ItemTrait) -> impl Iterator<Item = &TypeParamBound> {
    let clause = item.generics.where_clause.iter();
    let predicates = clause.flat_map(|clause| &clause.predicates);
    let of_self = predicates.filter_map(|predicate| match predicate {
        WherePredicate::Type(predicate) if rewrite::is_self(&predicate.bounded_ty) => {
            Some(&predicate.bounds)
        }
        _ => None,
    });
    item.supertraits.iter().chain(of_self.flatten())
}

/// The name of a standard trait that no type `dyn Trait` implements. With such a
/// supertrait rustc has an error for every object type.
fn excludes_objects(bound: &TypeParamBound) -> Option<&Ident> {
    const OTHERS: [&str; 5] = ["Sized", "Clone", "Copy", "Default", "Hash"];
    const COMPARE_WITH_SELF: [&str; 4] = ["PartialEq", "Eq", "PartialOrd", "Ord"];
    let TypeParamBound::Trait(TraitBound {
        maybe: None, path, ..
    }) = bound
    else {
        return None;
    };
    let last = path.segments.last()?;
    let first = &path.segments.first()?.ident;
    let standard = path.segments.len() == 1 || first == "std" || first == "core";
    let excludes = OTHERS.iter().any(|name| last.ident == name)
        || last.arguments.is_none() && COMPARE_WITH_SELF.iter().any(|name| last.ident == name);
    (standard && excludes).then_some(&last.ident)
}

fn refuse<T>(tokens: impl ToTokens, message: &str) -> Result<T> {
    Err(Error::new_spanned(tokens, message))
}

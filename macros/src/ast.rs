//! What was written: the trait, its methods and associated types, as the later
//! stages want to see them.

use proc_macro2::Ident;
use syn::{Attribute, FnArg, ItemTrait, Receiver, Signature, TraitItem, TraitItemFn, Type};

use crate::attr::{self, ItemOptions, MethodOptions};
use crate::list::Listed;
use crate::rewrite;

/// A trait under `#[static_dispatch]`, its methods' attributes already taken off.
pub(crate) struct Trait {
    pub(crate) item: ItemTrait,
    pub(crate) options: ItemOptions,
    /// Every method, in the order written.
    pub(crate) methods: Vec<Method>,
}

/// One method of the trait.
pub(crate) struct Method {
    pub(crate) signature: Signature,
    /// The name by which users call it; it differs from the signature's where the
    /// trait is one of ours.
    pub(crate) title: Ident,
    pub(crate) attributes: Vec<Attribute>,
    /// What its own attribute asks for; [`None`] where it has none. Once the trait is
    /// [checked](crate::valid::trait_), what is to be done with it.
    pub(crate) options: Option<MethodOptions>,
}

/// A method with trampolines.
pub(crate) struct Dispatched<'a> {
    pub(crate) method: &'a Method,
    /// Chain capacity.
    pub(crate) targets: u8,
    /// Types whose bodies its call sites inline if they list none themselves.
    pub(crate) inline: &'a [Listed],
    /// What a call of it gives on a binding that nothing is bound to.
    pub(crate) none: Option<&'a syn::Expr>,
}

impl Trait {
    /// Reads the trait. Errors are collected in `errors`; what can be read is returned.
    pub(crate) fn read(
        mut item: ItemTrait,
        options: ItemOptions,
        errors: &mut Vec<syn::Error>,
    ) -> Trait {
        let mut methods = Vec::new();
        for part in &mut item.items {
            match part {
                TraitItem::Fn(method) => methods.push(Method::read(method, errors)),
                TraitItem::Const(other) => refuse_elsewhere(&mut other.attrs, errors),
                TraitItem::Type(other) => refuse_elsewhere(&mut other.attrs, errors),
                TraitItem::Macro(other) => refuse_elsewhere(&mut other.attrs, errors),
                _ => {}
            }
        }
        Trait {
            item,
            options,
            methods,
        }
    }

    /// The methods that get trampolines.
    pub(crate) fn dispatched(&self) -> impl Iterator<Item = Dispatched<'_>> {
        self.methods.iter().filter_map(Method::dispatched)
    }

    /// The methods that are callable on the object but have no trampoline.
    pub(crate) fn left_alone(&self) -> impl Iterator<Item = &Method> {
        self.methods
            .iter()
            .filter(|method| method.dispatched().is_none())
    }

    /// The methods that trait objects have.
    pub(crate) fn on_objects(&self) -> impl Iterator<Item = &Method> {
        self.methods
            .iter()
            .filter(|method| method.receiver().is_some() && !method.needs_sized_self())
    }
}

impl Method {
    fn read(method: &mut TraitItemFn, errors: &mut Vec<syn::Error>) -> Method {
        let mut signature = method.sig.clone();
        rewrite::without_parentheses(&mut signature);
        Method {
            options: attr::take_method(&mut method.attrs, errors),
            signature,
            title: method.sig.ident.clone(),
            attributes: method.attrs.clone(),
        }
    }

    /// What its trampolines are to be like, if it has any.
    pub(crate) fn dispatched(&self) -> Option<Dispatched<'_>> {
        match &self.options {
            Some(MethodOptions::Dispatch {
                targets,
                inline,
                none,
            }) => Some(Dispatched {
                method: self,
                targets: *targets,
                inline,
                none: none.as_deref(),
            }),
            Some(MethodOptions::Skip) | None => None,
        }
    }

    pub(crate) fn ident(&self) -> &Ident {
        &self.signature.ident
    }

    pub(crate) fn receiver(&self) -> Option<&Receiver> {
        self.signature.receiver()
    }

    /// Types of the arguments after the receiver.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Type> {
        self.signature
            .inputs
            .iter()
            .filter_map(|input| match input {
                FnArg::Typed(argument) => Some(&*argument.ty),
                FnArg::Receiver(_) => None,
            })
    }

    /// `#[cfg]` attributes, which every item generated for the method repeats.
    pub(crate) fn cfgs(&self) -> Vec<&Attribute> {
        self.attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"))
            .collect()
    }

    /// Whether `where Self: Sized` keeps the method off trait objects.
    pub(crate) fn needs_sized_self(&self) -> bool {
        rewrite::requires_sized_self(self.signature.generics.where_clause.as_ref())
    }
}

fn refuse_elsewhere(attributes: &mut Vec<Attribute>, errors: &mut Vec<syn::Error>) {
    errors.extend(attr::take(attributes).iter().map(|attribute| {
        syn::Error::new_spanned(
            attribute,
            "`#[static_dispatch]` works on methods; remove it from this item",
        )
    }));
}

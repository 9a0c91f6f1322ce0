//! What was written: the trait, its methods and associated types, as the later
//! stages want to see them.

use proc_macro2::Ident;
use syn::{Attribute, FnArg, ItemTrait, Receiver, Signature, TraitItem, TraitItemFn, Type};

use crate::attr::{self, ItemOptions, MethodOptions};
use crate::list::Listed;
use crate::{rewrite, valid};

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
    /// What is wrong with its conditions, if it has more than the trait.
    pub(crate) condition: Option<syn::Error>,
    /// What its own attribute asks for; [`None`] where it has none.
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
        let written = item.clone();
        for part in &mut item.items {
            match part {
                TraitItem::Fn(method) => methods.push(Method::read(method, &written, errors)),
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
        self.methods
            .iter()
            .filter_map(|method| self.as_dispatched(method))
    }

    /// The method with what its trampolines are to be like, if it has any.
    pub(crate) fn as_dispatched<'a>(&self, method: &'a Method) -> Option<Dispatched<'a>> {
        Some(Dispatched {
            method,
            targets: self.targets_of(method)?,
            inline: match &method.options {
                Some(MethodOptions::Dispatch { inline, .. }) => inline,
                _ => &[],
            },
            none: match &method.options {
                Some(MethodOptions::Dispatch { none, .. }) => none.as_deref(),
                _ => None,
            },
        })
    }

    /// The methods that are callable on the object but have no trampoline.
    pub(crate) fn left_alone(&self) -> impl Iterator<Item = &Method> {
        self.methods
            .iter()
            .filter(|method| self.targets_of(method).is_none())
    }

    /// The methods that trait objects have.
    pub(crate) fn on_objects(&self) -> impl Iterator<Item = &Method> {
        self.methods
            .iter()
            .filter(|method| method.receiver().is_some() && !method.needs_sized_self())
    }

    fn targets_of(&self, method: &Method) -> Option<u8> {
        match (&method.options, self.options.targets) {
            (Some(MethodOptions::Dispatch { targets, .. }), _) => Some(*targets),
            // On the trait the option means "every eligible method".
            (None, Some(targets)) => valid::method(method).is_ok().then_some(targets),
            (Some(MethodOptions::Skip), _) | (None, None) => None,
        }
    }
}

impl Method {
    fn read(method: &mut TraitItemFn, of: &ItemTrait, errors: &mut Vec<syn::Error>) -> Method {
        let mut signature = method.sig.clone();
        rewrite::without_parentheses(&mut signature);
        Method {
            condition: valid::condition(&signature, of),
            options: attr::take_method(&mut method.attrs, errors),
            signature,
            title: method.sig.ident.clone(),
            attributes: method.attrs.clone(),
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

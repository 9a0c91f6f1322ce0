//! The declaration: the trait's element of the registry's slice.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::TraitItem;

use super::context::Context;
use crate::names;

/// Of the trait as written. Two objects whose hashes differ disagree about the trait, and
/// so about the order of its vtable.
pub(super) fn layout_hash(written: &str) -> u64 {
    names::fnv(written)
}

impl Context<'_> {
    pub(super) fn declaration(&self) -> TokenStream {
        let Context {
            private,
            layout,
            repeated,
            ..
        } = self;
        let name = names::declaration(self.ident());
        let ident = self.ident().to_string();
        let methods = self.input.dispatched().map(|dispatched| {
            let cfgs = dispatched.method.cfgs();
            let method = dispatched.method.title.to_string();
            let targets = dispatched.targets;
            let signature = dispatched.method.signature.to_token_stream().to_string();
            let signature = names::fnv(&signature);
            quote!(#(#cfgs)* #private::MethodDeclaration::new(#method, #targets, #signature))
        });
        // The hash is of tokens, and tokens do not say which `cfg`s hold.
        let conditions = self
            .input
            .item
            .items
            .iter()
            .enumerate()
            .filter_map(|(index, part)| {
                let attributes = match part {
                    TraitItem::Fn(part) => &part.attrs,
                    TraitItem::Type(part) => &part.attrs,
                    TraitItem::Const(part) => &part.attrs,
                    _ => return None,
                };
                let cfgs: Vec<_> = attributes
                    .iter()
                    .filter(|one| one.path().is_ident("cfg"))
                    .collect();
                let step = layout_hash(&index.to_string());
                (!cfgs.is_empty())
                    .then(|| quote!(#(#cfgs)* let __layout = __layout.rotate_left(1) ^ #step;))
            });
        let declared = names::declared(self.ident());
        // Of several object types none stands for the others, and here none can be named.
        let is_one = self.generics.params.is_empty() && self.associated.is_empty();
        let slot = (cfg!(feature = "std") && is_one).then(|| {
            let ident = self.ident();
            quote!(.with_slot(#private::slot_of::<dyn #ident>))
        });
        let unknown = self.unknown_supertraits();
        let record = quote! {
            #repeated
            // SAFETY: the trait's own words.
            static #name: #private::TraitDeclaration = unsafe { #private::TraitDeclaration::new(
                #ident,
                #private::core::module_path!(),
                #private::core::option_env!("CARGO_PKG_VERSION"),
                { let __layout: #private::core::primitive::u64 = #layout; #(#conditions)* __layout },
                &[#(#methods),*],
            ) }.with_path(#private::type_name::<#declared>)#slot #unknown;
        };
        if !cfg!(feature = "std") {
            return record;
        }
        quote! {
            #private::DECLARATIONS! {
                #![linkme_macro = #private::DECLARATIONS]
                #record
            }
        }
    }

    /// The method's place in the declaration, which `#[cfg]` on the methods before it may
    /// shift. Those without are counted here: rustc would take time with the square of
    /// the trait's length.
    pub(super) fn method_index(&self, index: usize) -> TokenStream {
        let before = || self.input.dispatched().take(index);
        let certain = before().filter(|dispatched| dispatched.method.cfgs().is_empty());
        let certain = proc_macro2::Literal::usize_unsuffixed(certain.count());
        let uncertain: Vec<_> = before()
            .map(|dispatched| dispatched.method.cfgs())
            .filter(|cfgs| !cfgs.is_empty())
            .map(|cfgs| quote!(#(#cfgs)* let __index = __index + 1;))
            .collect();
        if uncertain.is_empty() {
            quote!(#certain)
        } else {
            quote!({ let __index = #certain; #(#uncertain)* __index })
        }
    }
}

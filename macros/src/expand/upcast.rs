//! What `supertrait = Base` adds to the trait's object types: they dereference to
//! `dyn Base`, so that `static_call!` finds Base's entries there, behind their own, by the
//! rules of method calls alone.
//!
//! Methods of traits would not do. An entry is generic over its site, and generic methods
//! cannot be called on objects, while inherent methods of `dyn Sub` would need the names
//! of Base's methods, which nobody can see from here. So it is asked for, and for one
//! supertrait only: a type dereferences to one other.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse_quote;
use syn::spanned::Spanned;

use super::context::Context;
use crate::rewrite;

impl Context<'_> {
    /// `impl Deref for dyn Sub`, and for each of the other object types.
    pub(super) fn upcasts(&self) -> Option<TokenStream> {
        let mut base = self.input.options.supertrait.clone()?;
        let at = Span::call_site().located_at(base.span());
        rewrite::replace_associated(&mut base, &|name| self.chosen(name));
        let Context {
            private, repeated, ..
        } = self;
        let base = quote!(dyn #base + '__object);
        let bound = self.bound_with(|(name, parameter, _)| quote!(#name = #parameter));
        let plain = self.object_type(&bound, &[]);
        let mut generics = self.generics_of_objects();
        if generics.type_params().next().is_some() {
            let applied = &self.applied;
            let clause = generics.make_where_clause();
            clause.predicates.push(parse_quote!(#plain: #applied));
        }
        let (parameters, _, clause) = generics.split_for_impl();
        // By pointers: a reference to what is no supertrait would be made by
        // dereferencing, and so by itself again, without an end. Here, so that rustc has
        // one objection and not one for each object type.
        let upcast = quote_spanned! {at=>
            fn __upcast(own: *const Self) -> *const (#base) {
                own
            }
        };
        let object_types = self.object_types();
        let blocks = object_types.iter().map(|autos| {
            let ty = self.object_type(&bound, autos);
            quote! {
                #repeated
                #[doc(hidden)]
                impl #parameters #private::core::ops::Deref for #ty #clause {
                    type Target = #base;
                    #[inline(always)]
                    fn deref(&self) -> &Self::Target {
                        // SAFETY: `__upcast` is a coercion, so rustc sees to it that this is the
                        // receiver by a supertrait; it lives as long as the receiver's borrow.
                        unsafe { &*<#plain>::__upcast(self) }
                    }
                }
                #repeated
                #[doc(hidden)]
                impl #parameters #private::core::ops::DerefMut for #ty #clause {
                    #[inline(always)]
                    fn deref_mut(&mut self) -> &mut Self::Target {
                        let own: *mut Self = self;
                        // SAFETY: as above, and borrowed as exclusively as the receiver is.
                        unsafe { &mut *<#plain>::__upcast(own).cast_mut() }
                    }
                }
            }
        });
        Some(quote! {
            #repeated
            impl #parameters #plain #clause {
                #[doc(hidden)]
                #[inline(always)]
                #upcast
            }
            #(#blocks)*
        })
    }
}

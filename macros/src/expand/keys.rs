//! The keys: one type for each method of each object type.

use proc_macro2::TokenStream;
use quote::quote;

use super::context::{Context, inline_type};
use crate::ast::Method;
use crate::names;

impl Context<'_> {
    /// The type that leads from a call site to the fallback of its method, and to
    /// the object's table. The trampoline cannot be generic over the fallback
    /// itself: it is declared at the call site, where nobody knows the trait.
    pub(super) fn keys(&self) -> TokenStream {
        let Context {
            private,
            applied,
            repeated,
            ..
        } = self;
        let visibility = &self.input.item.vis;
        let mut generics = self.generics.clone();
        generics
            .params
            .push(syn::parse_quote!(__Object: #applied + ?#private::core::marker::Sized));
        if let Some(predicate) = self.outlives(&quote!(__Object)) {
            generics.make_where_clause().predicates.push(predicate);
        }
        let (impl_parameters, _, clause) = generics.split_for_impl();
        let lifetimes = self.generics.lifetimes().map(|one| &one.lifetime);
        let lifetimes: Vec<_> = lifetimes.collect();
        let types = self.generics.type_params().map(|one| &one.ident);
        let types: Vec<_> = types.collect();
        let methods = self.input.dispatched().enumerate().map(|(index, dispatched)| {
            let method = dispatched.method;
            let attributes = super::context::repeated(&method.attributes);
            let name = names::key(self.ident(), method.ident());
            let key = self.key(method, &quote!(__Object));
            let fallback = names::fallback(method.ident());
            let (shims_applied, hook_applied) = (self.shims_applied(), self.hook_applied());
            let declaration = names::declaration(self.ident());
            let inline = inline_type(dispatched.inline);
            let method_index = self.method_index(index);
            let receiver = self.key_of_receiver(method);
            let of_bindings = self.key_of_bindings(method, dispatched.none);
            quote! {
                #repeated
                #attributes
                #[doc(hidden)]
                #visibility struct #name #impl_parameters (
                    #private::PhantomData<
                        (#(&#lifetimes (),)* #(*const #types,)* *const __Object)
                    >
                ) #clause;
                #repeated
                #attributes
                // SAFETY: all of it is the method's.
                unsafe impl #impl_parameters #private::DispatchedMethod for #key #clause {
                    type Object = __Object;
                    #inline
                    const INDEX: #private::core::primitive::usize = #method_index;
                    fn identity_of<__Type: 'static>() -> #private::core::any::TypeId {
                        <__Object as #shims_applied>::__identity_of::<__Type>()
                    }
                    #[inline]
                    fn table(object: &__Object) -> &'static #private::Table {
                        <__Object as #hook_applied>::__static_dispatch_table(object)
                    }
                    #[inline]
                    fn route<__Site: #private::SiteOf<Self>>() -> &'static #private::Route {
                        const {
                            &unsafe {
                                #private::Route::new::<__Site, Self>(
                                    &#declaration,
                                    <Self as #private::DispatchedMethod>::INDEX,
                                    <Self as #private::DispatchedMethod>::rest::<__Site> as *const (),
                                    <__Object as #shims_applied>::#fallback::<__Site> as *const (),
                                )
                            }
                        }
                    }
                    #receiver
                    #private::rest! { <__Object as #shims_applied>::#fallback::<__Site> }
                    #of_bindings
                }
            }
        });
        quote!(#(#methods)*)
    }

    /// How it is found out in which registers a call's receiver is: by a call that has
    /// such arguments and such a result, all of which stay uninitialized. What the types
    /// are, with all their lifetimes, only a function that has them says.
    fn key_of_receiver(&self, method: &Method) -> TokenStream {
        let Context { private, .. } = self;
        let shape = self.shape(method);
        let types: Vec<_> = (0..shape.arguments.len())
            .map(|index| quote::format_ident!("__Argument{index}"))
            .collect();
        let counted = names::counted_fallback(method.ident());
        let signature = shape.inferred_signature(2);
        let shims_applied = self.shims_applied();
        let answer = quote!(#private::core::option::Option<#private::Receiver>);
        quote! {
            fn receiver() -> #answer {
                fn __ask<__Receiver, __Result #(, #types)*>(
                    _: unsafe fn(
                        __Receiver #(, #types)*, &'static #private::Route
                    ) -> __Result,
                ) -> #answer {
                    #private::receiver_of::<__Receiver, (__Result, (#(#types,)*))>(
                        |__asked, __receiver| unsafe {
                            let __asked: unsafe fn(
                                #private::MaybeUninit<__Receiver>
                                #(, #private::MaybeUninit<#types>)*
                            ) -> #private::MaybeUninit<__Result> = #private::as_function(__asked);
                            __asked(
                                __receiver
                                #(, #private::MaybeUninit::<#types>::uninit())*
                            );
                        },
                    )
                }
                __ask(<__Object as #shims_applied>::#counted as #signature)
            }
        }
    }
}

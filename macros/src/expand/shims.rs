//! The hook, which leads from a vtable to its implementation's table, and the shims that
//! the table and the trampolines hold: what runs one implementation, what makes the plain
//! call, and what records one.

use proc_macro2::TokenStream;
use quote::quote;

use super::context::{Context, repeated};
use super::shape::Shape;
use crate::ast::Method;
use crate::names;

impl Context<'_> {
    pub(super) fn hook(&self) -> TokenStream {
        let Context {
            private, repeated, ..
        } = self;
        let visibility = &self.input.item.vis;
        let hook = names::hook(self.ident());
        let (hook_applied, shims_applied) = (self.hook_applied(), self.shims_applied());
        let outlives = self
            .outlives(&quote!(Self))
            .map(|predicate| quote!(where #predicate));
        let (parameters, _, clause) = self.generics.split_for_impl();
        let with_implementor = self.generics_with_implementor();
        let (impl_parameters, _, _) = with_implementor.split_for_impl();
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility trait #hook #parameters #clause {
                #[doc(hidden)]
                fn __static_dispatch_table(&self) -> &'static #private::Table #outlives;
            }
            #repeated
            impl #impl_parameters #hook_applied for __Implementation #clause {
                #[inline]
                fn __static_dispatch_table(&self) -> &'static #private::Table #outlives {
                    <Self as #shims_applied>::__table()
                }
            }
        }
    }

    pub(super) fn shims(&self) -> TokenStream {
        let Context {
            private,
            applied,
            repeated,
            ..
        } = self;
        let visibility = &self.input.item.vis;
        let name = names::shims(self.ident());
        let shims_applied = self.shims_applied();
        let declaration = names::declaration(self.ident());
        let (parameters, _, clause) = self.generics.split_for_impl();
        let with_implementor = self.generics_with_implementor();
        let (impl_parameters, _, _) = with_implementor.split_for_impl();
        let dispatched = || {
            let all = self.input.dispatched();
            all.filter(|_| cfg!(feature = "std"))
        };
        let addresses = dispatched().map(|dispatched| {
            let cfgs = dispatched.method.cfgs();
            let shim = names::shim(dispatched.method.ident());
            quote!(#(#cfgs)* #private::Code::new(<Self as #shims_applied>::#shim as *const ()))
        });
        let methods = dispatched().map(|dispatched| self.method_shims(dispatched.method));
        let object = self.bound_with(|(name, _, _)| self.bound_by(name, &quote!(Self)));
        let outlives = self
            .outlives(&quote!(Self))
            .map(|predicate| quote!(where #predicate));
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility trait #name #parameters: #applied #clause {
                #[doc(hidden)]
                #[inline]
                fn __table() -> &'static #private::Table #outlives {
                    const {
                        &#private::Table::new(
                            &#declaration,
                            #private::type_name::<Self>,
                            #private::identity::<Self>,
                            // Distinct for each implementation of each instantiation of
                            // the trait, so that no two vtables have equal content.
                            <Self as #shims_applied>::__identity_of::<Self>,
                            const { &[#(#addresses),*] },
                        )
                    }
                }
                /// Names a type together with this instantiation of the trait.
                #[doc(hidden)]
                fn __identity_of<__Type: ?#private::core::marker::Sized>()
                    -> #private::core::any::TypeId #outlives
                {
                    #private::identity::<(
                        #private::PhantomData<__Type>,
                        #private::PhantomData<dyn #object>,
                    )>()
                }
                #(#methods)*
            }
            #repeated
            impl #impl_parameters #shims_applied for __Implementation #clause {}
        }
    }

    /// Shim and fallback of one method, and what records a call that falls back: out of
    /// line, and one function for all sites, which are many.
    ///
    /// What trampolines lead to has rustc's own calling convention: arguments and results
    /// travel as in the plain call, whatever their types. C's would copy the larger
    /// arguments, and has no way at all for vectors that the crate is not compiled for.
    /// The shim takes the receiver's two words as two parameters.
    fn method_shims(&self, method: &Method) -> TokenStream {
        let Context {
            private, applied, ..
        } = self;
        let repeated = repeated(&method.attributes);
        let shape = self.shape(method);
        let Shape {
            receiver,
            lifetimes,
            clause,
            plain_parameters,
            plain_output,
            arguments,
            ..
        } = &shape;
        let ident = names::quiet(method.ident());
        let shim = names::shim(method.ident());
        let fallback = names::fallback(method.ident());
        let counted = names::counted_fallback(method.ident());
        let shims_applied = self.shims_applied();
        let key = self.key(method, &quote!(Self));
        let call = shape.call(method, &quote!(<Self as #applied>::#ident));
        // Among the trampolines. On a Zen 4 a jump to another page of 4 KiB costs a cycle, a
        // jump within one costs none, and a trampoline's jump is to a shim.
        // `runtime/docs/trampoline.md` has the figures.
        let section = quote! {
            #[cfg_attr(
                all(any(target_arch = "aarch64", target_arch = "x86_64"), target_os = "linux"),
                unsafe(link_section = "static_call_text_0_1_0")
            )]
        };
        quote! {
            #repeated
            #[doc(hidden)]
            #[allow(single_use_lifetimes, unused_lifetimes)]
            #section
            unsafe fn #shim <#(#lifetimes),*>(
                #receiver, _: *const () #(, #plain_parameters)*
            ) #plain_output #clause {
                #call
            }
            #repeated
            #[doc(hidden)]
            #[allow(single_use_lifetimes, unused_lifetimes)]
            unsafe fn #fallback <#(#lifetimes,)* __Site: #private::SiteOf<#key>>(
                #receiver #(, #plain_parameters)*
            ) #plain_output #clause {
                if #private::counts_calls(<__Site as #private::CallSite>::site()) {
                    unsafe {
                        <Self as #shims_applied>::#counted(
                            self, #(#arguments,)*
                            <#key as #private::DispatchedMethod>::route::<__Site>()
                        )
                    }
                } else {
                    #call
                }
            }
            #repeated
            #[doc(hidden)]
            #[cold]
            #[inline(never)]
            #[allow(single_use_lifetimes, unused_lifetimes)]
            unsafe fn #counted <#(#lifetimes),*>(
                #receiver #(, #plain_parameters)*, __route: &'static #private::Route
            ) #plain_output #clause {
                unsafe { #private::record::<#key>(&*self, __route) }
                #call
            }
        }
    }
}

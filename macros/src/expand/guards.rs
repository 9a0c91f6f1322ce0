//! The guards: what a call passes on its way from the entry to the switch.
//!
//! Lists are nested pairs, and the guards recurse over them, at compile time: one
//! implementation for `(A, Rest)`, which compares with `A`'s key and holds `A`'s
//! body, and one for `()`, which holds the switch and what lies behind it.

use proc_macro2::TokenStream;
use quote::quote;

use super::shape::Shape;
use super::trait_::{Context, repeated};
use crate::ast::Method;
use crate::names;

impl Context<'_> {
    pub(super) fn guards(&self) -> TokenStream {
        let Context {
            private,
            applied,
            repeated,
            ..
        } = self;
        let visibility = &self.input.item.vis;
        let guards = names::guards(self.ident());
        let mut declared = self.generics.clone();
        declared.params.push(syn::parse_quote!(__List));
        let (parameters, _, clause) = declared.split_for_impl();
        let objects = self.generics_with_implementor();
        let (object_parameters, _, _) = objects.split_for_impl();
        let bound =
            self.bound_with(|(name, _, _)| quote!(#name = <__Implementation as #applied>::#name));
        let rest = self.guards_applied(&quote!(__Rest));
        let mut listed = self.generics.clone();
        listed.params.push(syn::parse_quote!(
            __Implementation: #applied + #rest + ?Sized
        ));
        listed
            .params
            .push(syn::parse_quote!(__Listed: #bound + 'static));
        listed.params.push(syn::parse_quote!(__Rest));
        let (listed_parameters, _, _) = listed.split_for_impl();
        let no_guards = self.guards_applied(&quote!(()));
        let one_guard = self.guards_applied(&quote!((__Listed, __Rest)));
        let functions = |body: &dyn Fn(&Method) -> Option<TokenStream>| -> TokenStream {
            self.input
                .dispatched()
                .enumerate()
                .map(|(index, dispatched)| {
                    let body = body(dispatched.method);
                    self.guarded(index, dispatched.method, body)
                })
                .collect()
        };
        let declarations = functions(&|_| None);
        let switches = functions(&|method| Some(self.switch(method)));
        let compares = functions(&|method| Some(self.compare(method)));
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility trait #guards #parameters: #applied #clause {
                /// Guards in the list, which is also the index of the next one's key.
                #[doc(hidden)]
                const __LENGTH: #private::core::primitive::usize;
                #declarations
            }
            #repeated
            impl #object_parameters #no_guards for __Implementation #clause {
                const __LENGTH: #private::core::primitive::usize = 0;
                #switches
            }
            #repeated
            impl #listed_parameters #one_guard for __Implementation #clause {
                const __LENGTH: #private::core::primitive::usize =
                    1 + <Self as #rest>::__LENGTH;
                #compares
            }
        }
    }

    /// One function of the guards.
    fn guarded(&self, index: usize, method: &Method, body: Option<TokenStream>) -> TokenStream {
        let Context { private, .. } = self;
        let shape = self.shape(method);
        let Shape {
            receiver,
            lifetimes,
            clause,
            plain_parameters,
            plain_output,
            ..
        } = &shape;
        let repeated = repeated(&method.attributes);
        let unsafety = &method.signature.unsafety;
        let guarded = names::guarded(method.ident());
        let key = self.key(index, &quote!(Self));
        let (inline, body) = match body {
            Some(body) => (Some(quote!(#[inline(always)])), quote!({ #body })),
            None => (Some(quote!(#[doc(hidden)])), quote!(;)),
        };
        quote! {
            #repeated
            #inline
            #unsafety fn #guarded <#(#lifetimes,)* __Site: #private::SiteOf<#key>>(
                #receiver, __gate: #private::Gate<__Site, #key> #(, #plain_parameters)*
            ) #plain_output #clause #body
        }
    }

    /// The compare with one key, and the body behind it.
    fn compare(&self, method: &Method) -> TokenStream {
        let Context {
            private, applied, ..
        } = self;
        let shape = self.shape(method);
        let ident = names::quiet(method.ident());
        let rest = self.guards_applied(&quote!(__Rest));
        let guarded = names::guarded(method.ident());
        let listed = quote::format_ident!("__Listed");
        let body = shape.call_on(
            method,
            &quote!(<__Listed as #applied>::#ident),
            private,
            &listed,
        );
        let further = shape.call_with(
            method,
            &quote!(<Self as #rest>::#guarded::<__Site>),
            &quote!(__gate),
        );
        quote! {
            if #private::vtable_of(&*self) == __gate.key(<Self as #rest>::__LENGTH) {
                #body
            } else {
                #further
            }
        }
    }

    /// The switch, and the three ways behind it.
    fn switch(&self, method: &Method) -> TokenStream {
        let Context {
            private, applied, ..
        } = self;
        let shape = self.shape(method);
        let Shape { moved, .. } = &shape;
        let ident = names::quiet(method.ident());
        let fallback = names::fallback(method.ident());
        let shims_applied = self.shims_applied();
        let plain = shape.call(method, &quote!(<Self as #applied>::#ident));
        let passed = shape.passed();
        let signature = shape.inferred_signature();
        let call = quote! {
            // The trampoline has the fallback's signature, which only the
            // fallback's own type spells with all its lifetimes.
            #private::with_signature_of(
                <Self as #shims_applied>::#fallback::<__Site> as #signature,
                __gate.trampoline(),
            )
        };
        let through = |function: &TokenStream| {
            if shape.output_is_written {
                quote! {
                    let mut __out = #private::MaybeUninit::uninit();
                    unsafe {
                        #function(self, __out.as_mut_ptr() as *mut () #(, #passed)*);
                        __out.assume_init()
                    }
                }
            } else {
                quote!(unsafe { #function(self #(, #passed)*) })
            }
        };
        let patched = through(&call);
        let learning = through(&quote!(<Self as #shims_applied>::#fallback::<__Site>));
        quote! {
            match __gate.way() {
                #private::Way::Patched => {
                    #(let #moved = #private::ManuallyDrop::new(#moved);)*
                    #patched
                }
                #private::Way::Plain => #plain,
                #private::Way::Learning => {
                    __gate.record(&*self);
                    #(let #moved = #private::ManuallyDrop::new(#moved);)*
                    #learning
                }
            }
        }
    }
}

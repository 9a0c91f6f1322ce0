//! The guards: what a call passes in its arm, on the way from the key to the trampoline.
//!
//! Lists are nested pairs, and the guards recurse over them, at compile time: one
//! implementation for `(A, Rest)`, which compares with `A`'s keys and holds `A`'s
//! body, and one for `()`, which calls the trampoline.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::context::{Context, repeated};
use super::shape::Shape;
use crate::ast::Method;
use crate::list::Listed;
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
        let bound = self.bound_with(|(name, _, _)| self.bound_by(name, &quote!(__Implementation)));
        let rest = self.guards_applied(&quote!(__Rest));
        let mut listed = self.generics.clone();
        listed.params.push(syn::parse_quote!(
            __Implementation: #applied + #rest + ?#private::core::marker::Sized
        ));
        listed
            .params
            .push(syn::parse_quote!(__Listed: #bound + 'static));
        listed.params.push(syn::parse_quote!(__Rest));
        let (listed_parameters, _, _) = listed.split_for_impl();
        let no_guards = self.guards_applied(&quote!(()));
        let one_guard = self.guards_applied(&quote!((__Listed, __Rest)));
        let (enters, (declared, (ends, compares))): (
            TokenStream,
            (TokenStream, (TokenStream, TokenStream)),
        ) = self
            .input
            .dispatched()
            .map(|dispatched| {
                let stages = Stages::new(self, dispatched.method);
                (
                    stages.enter(),
                    (stages.declarations(), (stages.end(), stages.compare())),
                )
            })
            .unzip();
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility trait #guards #parameters: #applied #clause {
                /// Guards in the list.
                #[doc(hidden)]
                const __LENGTH: #private::core::primitive::usize;
                #declared
            }
            #repeated
            impl #object_parameters #no_guards for __Implementation #clause {
                const __LENGTH: #private::core::primitive::usize = 0;
                #ends
            }
            #repeated
            impl #listed_parameters #one_guard for __Implementation #clause {
                const __LENGTH: #private::core::primitive::usize =
                    1 + <Self as #rest>::__LENGTH;
                #compares
            }
            #enters
        }
    }
}

impl Context<'_> {
    /// Sees to it that what a method lists implements the trait, whether or not a
    /// call of it is ever compiled.
    pub(super) fn listed_types(&self) -> TokenStream {
        let Context {
            applied, repeated, ..
        } = self;
        let (parameters, _, clause) = self.generics.split_for_impl();
        let mut checked = self.generics.clone();
        checked
            .params
            .push(syn::parse_quote!(__Listed: #applied + 'static));
        let (checked_parameters, _, _) = checked.split_for_impl();
        // Lifetimes are inferred.
        let types = self.generics.type_params().map(|one| &one.ident);
        let constants = self.generics.const_params().map(|one| &one.ident);
        let arguments: Vec<_> = types.chain(constants).collect();
        let checks: Vec<_> = self
            .input
            .dispatched()
            .flat_map(|dispatched| {
                let cfgs = dispatched.method.cfgs();
                let arguments = &arguments;
                let check = move |Listed { cfg, ty }: &Listed| {
                    let call = quote_spanned!(ty.span()=> __implements::<#(#arguments,)* #ty>());
                    quote!(#(#cfgs)* #cfg #call;)
                };
                dispatched.inline.iter().map(check)
            })
            .collect();
        if checks.is_empty() {
            return TokenStream::new();
        }
        quote! {
            #repeated
            const _: () = {
                fn __implements #checked_parameters () #clause {}
                fn __listed #parameters () #clause {
                    #(#checks)*
                }
            };
        }
    }
}

/// What a call of one method passes, stage by stage. All but the last are inlined
/// into each other.
struct Stages<'a> {
    context: &'a Context<'a>,
    method: &'a Method,
    shape: Shape,
    key: TokenStream,
    attributes: TokenStream,
}

impl<'a> Stages<'a> {
    fn new(context: &'a Context<'a>, method: &'a Method) -> Self {
        Stages {
            context,
            method,
            shape: context.shape(method),
            key: context.key(method, &quote!(Self)),
            attributes: repeated(&method.attributes),
        }
    }

    /// One function: its name and its body. `in_arm` is of the arm, where `__Full` is all
    /// of the list. Unsafe, for it believes that the keys are those of its list: whoever enters
    /// asks the call site for both.
    fn function(&self, name: &Ident, in_arm: bool, body: &TokenStream) -> TokenStream {
        let Stages {
            key, attributes, ..
        } = self;
        let private = &self.context.private;
        let Shape {
            receiver,
            lifetimes,
            clause,
            plain_parameters,
            plain_output,
            ..
        } = &self.shape;
        let (full, demand) = in_arm
            .then(|| {
                let guards = self.context.guards_applied(&quote!(__Full));
                (quote!(, __Full), quote!(Self: #guards,))
            })
            .unzip();
        let predicates = clause.as_ref().map(|clause| &clause.predicates);
        quote! {
            #attributes
            #[doc(hidden)]
            unsafe fn #name <#(#lifetimes,)* __Site: #private::SiteOf<#key> #full>(
                #receiver, __gate: #private::Gate<__Site, #key> #(, #plain_parameters)*
            ) #plain_output
            where
                #demand
                #predicates
            #body
        }
    }

    /// The same, inlined.
    fn inlined(&self, name: &Ident, in_arm: bool, body: &TokenStream) -> TokenStream {
        let function = self.function(name, in_arm, &quote!({ #body }));
        quote!(#[inline(always)] #function)
    }

    fn declarations(&self) -> TokenStream {
        let ident = self.method.ident();
        let behind = names::behind(ident);
        let further = self.call(&quote!(Self), &behind, false);
        let guarded = self.function(&names::guarded(ident), true, &quote!(;));
        let behind = self.function(&behind, false, &quote!(;));
        let outlined = self.function(&names::outlined(ident), false, &quote!({ #further }));
        quote! {
            #guarded
            #behind
            #[inline(never)]
            #outlined
        }
    }

    /// A call of a stage of these guards.
    fn call(&self, guards: &TokenStream, stage: &Ident, in_arm: bool) -> TokenStream {
        let full = in_arm.then(|| quote!(, __Full));
        self.shape
            .call_hidden(&quote!(#guards::#stage::<__Site #full>), &quote!(__gate))
    }

    /// Where a call's entry leads: to the key, and behind it the plain call, or the arm.
    ///
    /// A trait of its own for each method: the entries, of which each object type has one,
    /// then have one bound without any projection. rustc checks each of them, and took
    /// three times as long where they named the list and its guards themselves.
    fn enter(&self) -> TokenStream {
        let Stages {
            context,
            method,
            shape,
            key,
            attributes,
        } = self;
        let Context {
            private,
            applied,
            repeated,
            ..
        } = context;
        let visibility = &context.input.item.vis;
        let ident = names::quiet(method.ident());
        let list = quote!(<__Site as #private::SiteOf<#key>>::List);
        let guards = context.guards_applied(&list);
        let plain = shape.call(method, &quote!(<Self as #applied>::#ident));
        let guarded = names::guarded(method.ident());
        let arm = shape.call_hidden(
            &quote!(<Self as #guards>::#guarded::<__Site, #list>),
            &quote!(__gate),
        );
        let name = names::entering(context.ident(), method.ident());
        let mut declared = context.generics.clone();
        declared.params.push(syn::parse_quote!(__Site));
        let (parameters, _, clause) = declared.split_for_impl();
        let of_objects = context.key(method, &quote!(__Implementation));
        let list = quote!(<__Site as #private::SiteOf<#of_objects>>::List);
        let guards_of_objects = context.guards_applied(&list);
        let mut implemented = context.generics_with_implementor();
        implemented
            .params
            .push(syn::parse_quote!(__Site: #private::SiteOf<#of_objects>));
        let predicates = &mut implemented.make_where_clause().predicates;
        predicates.push(syn::parse_quote!(__Implementation: #guards_of_objects));
        predicates.extend(context.outlives(&quote!(__Implementation)));
        let (impl_parameters, _, impl_clause) = implemented.split_for_impl();
        let entering = context.entering(method);
        let Shape {
            receiver,
            lifetimes,
            clause: of_method,
            plain_parameters,
            plain_output,
            ..
        } = shape;
        let safety = &method.signature.safety;
        let diverges = shape.diverges.then(|| quote!(#[allow(unreachable_code)]));
        let enter = names::enter(method.ident());
        let signature = quote! {
            #[doc(hidden)]
            #safety fn #enter <#(#lifetimes),*>(
                #receiver, __gate: #private::Gate<__Site, #key> #(, #plain_parameters)*
            ) #plain_output #of_method
        };
        quote! {
            #repeated
            #attributes
            #[doc(hidden)]
            #visibility trait #name #parameters: #applied #clause {
                #signature;
            }
            #repeated
            #attributes
            impl #impl_parameters #entering for __Implementation #impl_clause {
                #[inline(always)]
                #diverges
                #signature {
                    #private::key! { __Site, on => #arm, off => #plain }
                }
            }
        }
    }

    /// The compares with the keys of one type, and the body behind them. In the arm stands
    /// the compare with the first key of each of the first types; all else follows in a
    /// function of the call site's own: inlined into the site's function, many bodies kept
    /// it from being inlined itself and its values from staying in registers, also where no
    /// guard was on.
    fn compare(&self) -> TokenStream {
        let Stages {
            method, shape, key, ..
        } = self;
        let Context {
            private, applied, ..
        } = self.context;
        let ident = names::quiet(method.ident());
        let rest = self.context.guards_applied(&quote!(__Rest));
        let listed = quote::format_ident!("__Listed");
        let body = shape.call_on(
            method,
            &quote!(<__Listed as #applied>::#ident),
            private,
            &listed,
        );
        let (guarded, behind) = (
            names::guarded(method.ident()),
            names::behind(method.ident()),
        );
        let full = self.context.guards_applied(&quote!(__Full));
        let outlined = names::outlined(method.ident());
        let outlined = self.call(&quote!(<Self as #full>), &outlined, false);
        let rest = quote!(<Self as #rest>);
        let guarded_further = self.call(&rest, &guarded, true);
        let behind_further = self.call(&rest, &behind, false);
        // Constants where they are asked, so that rustc compiles for each site only what
        // is behind them.
        let position = quote! {
            <<__Site as #private::SiteOf<#key>>::List as #private::List<#key>>::LENGTH
                - 1 - #rest::__LENGTH
        };
        let guarded = self.inlined(
            &guarded,
            true,
            &quote! {
                if __gate.knows(const { #position }, #private::vtable_of(&*self)) {
                    #body
                } else if const {
                    #position + 1 == #private::LISTED_IN_SITE || #rest::__LENGTH == 0
                } {
                    #outlined
                } else {
                    #guarded_further
                }
            },
        );
        let behind = self.inlined(
            &behind,
            false,
            &quote! {
                if __gate.knows_behind(const { #position }, #private::vtable_of(&*self)) {
                    #body
                } else {
                    #behind_further
                }
            },
        );
        quote!(#guarded #behind)
    }

    /// Behind all guards: the trampoline.
    fn end(&self) -> TokenStream {
        let Stages { method, shape, .. } = self;
        let Shape { arguments, .. } = shape;
        let shims_applied = self.context.shims_applied();
        let fallback = names::fallback(method.ident());
        let fallback = quote!(<Self as #shims_applied>::#fallback::<__Site>);
        let signature = shape.inferred_signature(1);
        // The trampoline has the fallback's signature, which only the fallback's own type
        // spells with all its lifetimes.
        let body = quote!(unsafe {
            __gate.lead(#fallback as #signature)(self #(, #arguments)*)
        });
        let guarded = self.inlined(&names::guarded(method.ident()), true, &body);
        let behind = self.inlined(&names::behind(method.ident()), false, &body);
        quote!(#guarded #behind)
    }
}

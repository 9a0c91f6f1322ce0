//! The guards: what a call passes on its way from the entry to the switch.
//!
//! Lists are nested pairs, and the guards recurse over them, at compile time: one
//! implementation for `(A, Rest)`, which compares with `A`'s key and holds `A`'s
//! body, and one for `()`, which holds the switch and what lies behind it.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::context::{Context, repeated};
use super::shape::Shape;
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
        let bound = self.bound_with(|(name, _, _)| self.bound_by(name, &quote!(__Implementation)));
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
        let (enters, (declared, (switches, compares))): (
            TokenStream,
            (TokenStream, (TokenStream, TokenStream)),
        ) = self
            .input
            .dispatched()
            .map(|dispatched| {
                let stages = Stages::new(self, dispatched.method);
                (
                    stages.enter(),
                    (stages.declarations(), (stages.switch(), stages.compare())),
                )
            })
            .unzip();
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility trait #guards #parameters: #applied #clause {
                /// Guards in the list, which is also the index of the next one's key.
                #[doc(hidden)]
                const __LENGTH: #private::core::primitive::usize;
                // Constants of their own, and no compares where they are asked: rustc then
                // compiles for each site only what is behind them, also where nothing is
                // optimized. The functions of longer lists were half of a debug build's.
                #[doc(hidden)]
                const __IS_LISTED: #private::core::primitive::bool = Self::__LENGTH != 0;
                #[doc(hidden)]
                const __IS_LONG: #private::core::primitive::bool =
                    Self::__LENGTH >= #private::HOT_FROM;
                #declared
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
                let check = move |ty: &syn::Type| {
                    let call = quote_spanned!(ty.span()=> __implements::<#(#arguments,)* #ty>());
                    quote!(#(#cfgs)* #call;)
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

    /// One function: its name, what it takes after the receiver, and its body. Unsafe, for it
    /// believes that the keys are those of its list: whoever enters asks the call site for both.
    fn function(&self, name: &Ident, more: &TokenStream, body: &TokenStream) -> TokenStream {
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
        quote! {
            #attributes
            #[doc(hidden)]
            unsafe fn #name <#(#lifetimes,)* __Site: #private::SiteOf<#key>>(
                #receiver, #more #(, #plain_parameters)*
            ) #plain_output #clause #body
        }
    }

    /// The same, inlined.
    fn inlined(&self, name: &Ident, more: &TokenStream, body: &TokenStream) -> TokenStream {
        let function = self.function(name, more, &quote!({ #body }));
        quote!(#[inline(always)] #function)
    }

    fn gate(&self) -> TokenStream {
        let (private, key) = (&self.context.private, &self.key);
        quote!(__gate: #private::Gate<__Site, #key>, __way: #private::Switch)
    }

    fn declarations(&self) -> TokenStream {
        let ident = self.method.ident();
        let private = &self.context.private;
        let hot = self.function(
            &names::hot(ident),
            &quote!(__index: #private::core::primitive::usize),
            &quote!(;),
        );
        let guarded = self.function(&names::guarded(ident), &self.gate(), &quote!(;));
        let outlined = self.outlined();
        quote!(#hot #guarded #outlined)
    }

    /// Where a call's entry leads. First the switch, so that a call that is left to the
    /// vtable costs no compares. Then the guards, those of a longer list out of line.
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
        let guards = context.guards_applied(&quote!(<__Site as #private::SiteOf<#key>>::List));
        let plain = shape.call(method, &quote!(<Self as #applied>::#ident));
        let further = |name: &Ident, more: &TokenStream| {
            shape.call_hidden(&quote!(<Self as #guards>::#name::<__Site>), more)
        };
        let outlined = further(&names::outlined(method.ident()), &quote!(__gate));
        let guarded = further(&names::guarded(method.ident()), &quote!(__gate, __way));
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
        let unsafety = &method.signature.unsafety;
        let enter = names::enter(method.ident());
        let signature = quote! {
            #[doc(hidden)]
            #unsafety fn #enter <#(#lifetimes),*>(
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
                #signature {
                    let __way = __gate.way();
                    if <Self as #guards>::__IS_LISTED && __way.is_plain() {
                        #plain
                    } else if <Self as #guards>::__IS_LONG {
                        #outlined
                    } else {
                        #guarded
                    }
                }
            }
        }
    }

    /// The guards of a longer list, in a function of the call site's own. Inlined into
    /// the site's function, that many bodies kept it from being inlined itself and its
    /// values from staying in registers, also where no guard was on. First the key of the
    /// most frequent type, since going through the list in order would take longer.
    fn outlined(&self) -> TokenStream {
        let Stages { method, shape, .. } = self;
        let private = &self.context.private;
        let hot = names::hot(method.ident());
        let hot = shape.call_hidden(&quote!(Self::#hot::<__Site>), &quote!(__index));
        let guarded = names::guarded(method.ident());
        let guarded = shape.call_hidden(&quote!(Self::#guarded::<__Site>), &quote!(__gate, __way));
        let key = &self.key;
        let function = self.function(
            &names::outlined(method.ident()),
            &quote!(__gate: #private::Gate<__Site, #key>),
            // Reads the switch again, so that the site need not keep it at hand.
            &quote! {{
                let __way = __gate.way();
                let __index = __gate.hot(#private::vtable_of(&*self));
                if __index < Self::__LENGTH {
                    #hot
                } else {
                    #guarded
                }
            }},
        );
        quote!(#[inline(never)] #function)
    }

    /// The compare with one key, and the body behind it.
    fn compare(&self) -> TokenStream {
        let Stages { method, shape, .. } = self;
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
        let further = |name: &Ident, more: &TokenStream| {
            shape.call_hidden(&quote!(<Self as #rest>::#name::<__Site>), more)
        };
        let guarded = names::guarded(method.ident());
        let hot = names::hot(method.ident());
        let guarded_further = further(&guarded, &quote!(__gate, __way));
        let hot_further = further(&hot, &quote!(__index));
        let guarded = self.inlined(
            &guarded,
            &self.gate(),
            &quote! {
                if #private::vtable_of(&*self) == __gate.key(<Self as #rest>::__LENGTH) {
                    #body
                } else {
                    #guarded_further
                }
            },
        );
        let hot = self.inlined(
            &hot,
            &quote!(__index: #private::core::primitive::usize),
            &quote! {
                if __index == <Self as #rest>::__LENGTH {
                    #body
                } else {
                    #hot_further
                }
            },
        );
        quote!(#guarded #hot)
    }

    /// Behind all guards: the ways of the switch.
    fn switch(&self) -> TokenStream {
        let Stages {
            method, shape, key, ..
        } = self;
        let Context {
            private, applied, ..
        } = self.context;
        let Shape { moved, .. } = shape;
        let ident = names::quiet(method.ident());
        let shims_applied = self.context.shims_applied();
        let fallback = names::fallback(method.ident());
        let fallback = quote!(<Self as #shims_applied>::#fallback::<__Site>);
        let plain = shape.call(method, &quote!(<Self as #applied>::#ident));
        let passed = shape.passed();
        let signature = shape.inferred_signature();
        let through = |function: &TokenStream| {
            let call = if shape.output_is_written {
                quote! {
                    let mut __out = #private::MaybeUninit::uninit();
                    unsafe {
                        #function(self, __out.as_mut_ptr() as *mut () #(, #passed)*);
                        __out.assume_init()
                    }
                }
            } else {
                quote!(unsafe { #function(self #(, #passed)*) })
            };
            quote! {
                #(let #moved = #private::ManuallyDrop::new(#moved);)*
                #call
            }
        };
        let patched = through(&quote! {
            // The trampoline has the fallback's signature, which only the
            // fallback's own type spells with all its lifetimes.
            #private::with_signature_of(#fallback as #signature, __gate.trampoline)
        });
        let learning = names::learning(method.ident());
        let learning_signature = shape.inferred_signature_of_learning();
        let learn = shape.call_hidden(
            &quote!(__learning),
            &quote!(
                __gate.trampoline,
                <#key as #private::DispatchedMethod>::route::<__Site>()
            ),
        );
        let list = quote!(<__Site as #private::SiteOf<#key>>::List);
        let is_listed = quote!(<#list as #private::List<#key>>::IS_LISTED);
        let guarded = self.inlined(
            &names::guarded(method.ident()),
            &self.gate(),
            // Three arms, two of which call what is cold, though rustc does not see that it
            // is: `Switch::way` says why.
            &quote! {
                match __way.way() {
                    #private::Switch::PLAIN => #plain,
                    #private::Switch::GUARDED if #is_listed => #plain,
                    #private::Switch::PATCHED => { #patched }
                    _ => {
                        let __learning =
                            <Self as #shims_applied>::#learning as #learning_signature;
                        #learn
                    }
                }
            },
        );
        let hot = self.inlined(
            &names::hot(method.ident()),
            &quote!(_: #private::core::primitive::usize),
            &plain,
        );
        quote!(#guarded #hot)
    }
}

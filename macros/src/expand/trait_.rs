//! The expansion of `#[static_dispatch]` on a trait. Beside the trait, which
//! gains one hidden supertrait and is otherwise emitted as written, stand:
//!
//! 1. the declaration, an element of the registry's slice;
//! 2. the hook, `trait __TraitStaticDispatch`, implemented for every implementor:
//!    one vtable method that returns the implementation's table;
//! 3. the shims, `trait __TraitShims`, implemented for every implementor: per
//!    dispatched method a shim (one implementation, body inlined) and a fallback
//!    (counts a miss, then the plain vtable call);
//! 4. the keys, `__TraitMethod_name<…, Object>`: one type for each method of
//!    each object type, by which a call site's trampoline finds its fallback;
//! 5. the guards, `trait __TraitGuards<…, List>`, implemented for every object type
//!    and every list: the compares and inlined bodies, and behind them the switch;
//! 6. the entries: inherent methods on `dyn Trait`, `dyn Trait + Send`, …, which
//!    `static_call!` calls by method syntax, so that autoderef, two-phase borrows
//!    and temporaries are those of the plain call;
//! 7. the bound, `__TraitBound<…, Object, Binding>`: what the trait's bindings are
//!    called by;
//! 8. where it is asked for, the upcasts: by which the entries of an annotated
//!    supertrait are found on the trait's object types.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, GenericParam, Generics, ItemTrait, Meta, TraitItem, TraitItemType, TypeParamBound,
    WherePredicate,
};

use super::inherited::Inherited;
use super::shape::Shape;
use super::{combined, object, private_path};
use crate::ast::{Method, Trait};
use crate::attr;
use crate::{names, rewrite, valid};

pub(crate) fn expand(attribute: TokenStream, item: ItemTrait) -> TokenStream {
    let written = item.to_token_stream().to_string();
    let (options, error) = attr::parse_item(attribute, false);
    let mut errors = Vec::from_iter(error);
    let mut input = Trait::read(item, options, &mut errors);
    let has_objects = valid::trait_(&mut input, &mut errors);
    let error = combined(errors).map(syn::Error::into_compile_error);
    if !has_objects {
        let item = &input.item;
        return quote!(#item #error);
    }
    let layout = layout_hash(&written);
    let name = input.options.object.take();
    let object = name.map(|name| object::expand(&Context::new(&input, layout), &name));
    let dispatching = dispatching(input, layout);
    // What is sound of a faulty trait still dispatches: its calls are no errors.
    quote!(#dispatching #object #error)
}

/// The trait, and what makes its methods dispatch.
pub(super) fn dispatching(mut input: Trait, layout: u64) -> TokenStream {
    if cfg!(not(feature = "std")) {
        return input.item.to_token_stream();
    }
    let context = Context::new(&input, layout);
    let hidden = [
        context.declaration(),
        context.hook(),
        context.shims(),
        context.keys(),
        context.guards(),
        context.listed_types(),
        context.entries(),
        context.bound(),
    ];
    let upcasts = context.upcasts();
    let hook = context.hook_applied();
    input.item.colon_token.get_or_insert_with(Default::default);
    input.item.supertraits.push(syn::parse_quote!(#hook));
    let item = &input.item;
    quote!(#item #(#hidden)* #upcasts)
}

/// FNV-1a of the trait as written. Two objects whose hashes differ disagree about
/// the trait, and so about the order of its vtable.
fn layout_hash(written: &str) -> u64 {
    written.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The attributes that items generated for an annotated one repeat: `cfg`, and
/// the lints that its author has allowed, for they look at the author's tokens.
/// A lint that was expected is reported on the author's item and allowed here.
pub(super) fn repeated(attributes: &[Attribute]) -> TokenStream {
    attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            _ if attribute.path().is_ident("cfg") => Some(attribute.to_token_stream()),
            // Generated items use the deprecated one; its users are told elsewhere.
            _ if attribute.path().is_ident("deprecated") => Some(quote!(#[allow(deprecated)])),
            Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
                let lints = &list.tokens;
                Some(quote!(#[allow(#lints)]))
            }
            _ => None,
        })
        .collect()
}

fn associated_types(item: &ItemTrait) -> impl Iterator<Item = &TraitItemType> {
    item.items
        .iter()
        .filter_map(|part| match part {
            TraitItem::Type(ty) => Some(ty),
            _ => None,
        })
        .filter(|ty| !rewrite::requires_sized_self(ty.generics.where_clause.as_ref()))
}

/// `(A, (B, ()))`, each pair where its type stands.
pub(super) fn nested_list(types: &[syn::Type]) -> TokenStream {
    types.iter().rev().fold(
        quote!(()),
        |rest, ty| quote_spanned!(ty.span()=> (#ty, #rest)),
    )
}

/// What every part of the expansion needs.
pub(super) struct Context<'a> {
    pub(super) input: &'a Trait,
    pub(super) private: TokenStream,
    pub(super) layout: u64,
    /// Attributes that every generated item repeats.
    pub(super) repeated: TokenStream,
    /// Generics of the trait without the predicates that speak of `Self`.
    pub(super) generics: Generics,
    /// `Trait<A>`.
    pub(super) applied: TokenStream,
    /// Associated types that an object type must name, each with a parameter of
    /// the entries that stands for it.
    pub(super) associated: Vec<(Ident, Ident, Vec<TypeParamBound>)>,
    /// How many of them are the trait's own; the others are its supertraits'.
    own: usize,
    inherited: Inherited,
}

impl<'a> Context<'a> {
    pub(super) fn new(input: &'a Trait, layout: u64) -> Context<'a> {
        let item = &input.item;
        let mut generics = item.generics.clone();
        if let Some(clause) = &mut generics.where_clause {
            clause.predicates = std::mem::take(&mut clause.predicates)
                .into_iter()
                .filter(|predicate: &WherePredicate| !rewrite::mentions_self(predicate))
                .collect();
        }
        let types: Vec<_> = associated_types(item).collect();
        let parameter =
            |name: &Ident| Ident::new(&format!("__Associated{}", name.unraw()), Span::call_site());
        let inherited = Inherited::of(input);
        let own = types.iter().map(|ty| {
            let bounds = ty.bounds.iter().cloned().map(|mut bound| {
                rewrite::replace_associated(&mut bound, &|name| {
                    let own = types.iter().any(|ty| ty.ident == *name);
                    let open = inherited.open.iter().any(|(open, _)| open == name);
                    if own || open {
                        return Some(parameter(name).into_token_stream());
                    }
                    inherited.qualified(name)
                });
                bound
            });
            (ty.ident.clone(), parameter(&ty.ident), bounds.collect())
        });
        let of_supertraits = inherited.open.iter().map(|(name, may_be_unsized)| {
            let bounds = may_be_unsized.then(|| syn::parse_quote!(?Sized));
            (name.clone(), parameter(name), Vec::from_iter(bounds))
        });
        let associated = own.chain(of_supertraits).collect();
        let own = types.len();
        Context {
            private: private_path(input.options.krate.as_ref()),
            layout,
            repeated: repeated(&item.attrs),
            applied: rewrite::applied(&item.ident, &item.generics),
            generics,
            associated,
            own,
            inherited,
            input,
        }
    }

    pub(super) fn ident(&self) -> &Ident {
        &self.input.item.ident
    }

    /// The associated types that an object type must name.
    pub(super) fn associated_types(&self) -> impl Iterator<Item = &TraitItemType> {
        associated_types(&self.input.item)
    }

    pub(super) fn hook_applied(&self) -> TokenStream {
        rewrite::applied(&names::hook(self.ident()), &self.generics)
    }

    pub(super) fn shims_applied(&self) -> TokenStream {
        rewrite::applied(&names::shims(self.ident()), &self.generics)
    }

    /// The trait's generics with one more type parameter for an implementor.
    pub(super) fn generics_with_implementor(&self) -> Generics {
        let mut generics = self.generics.clone();
        let applied = &self.applied;
        generics
            .params
            .push(syn::parse_quote!(__Implementation: #applied + ?Sized));
        generics
    }

    fn declaration(&self) -> TokenStream {
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
            quote!(#(#cfgs)* #private::MethodDeclaration::new(#method, #targets))
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
        quote! {
            #repeated
            #[#private::linkme::distributed_slice(#private::DECLARATIONS)]
            #[linkme(crate = #private::linkme)]
            static #name: #private::TraitDeclaration = #private::TraitDeclaration::new(
                #ident,
                #private::core::module_path!(),
                #private::core::option_env!("CARGO_PKG_VERSION"),
                { let __layout: #private::core::primitive::u64 = #layout; #(#conditions)* __layout },
                &[#(#methods),*],
            );
        }
    }

    fn hook(&self) -> TokenStream {
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

    fn shims(&self) -> TokenStream {
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
        let addresses = self.input.dispatched().map(|dispatched| {
            let cfgs = dispatched.method.cfgs();
            let shim = names::shim(dispatched.method.ident());
            quote!(#(#cfgs)* #private::Code::new(<Self as #shims_applied>::#shim as *const ()))
        });
        let methods = self
            .input
            .dispatched()
            .map(|dispatched| self.method_shims(dispatched.method));
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

    /// Where shims lie: among the trampolines, unless they are to be `apart`.
    ///
    /// On a Zen 4 a jump to another page of 4 KiB costs a cycle, a jump within one costs
    /// none, and a trampoline's jump is to a shim. `runtime/docs/trampoline.md` has the
    /// figures. What else there is on such pages does not matter: they are replaced by
    /// copies of themselves.
    fn section_of_shims(&self) -> Option<TokenStream> {
        let near = quote! {
            #[cfg_attr(
                all(target_arch = "x86_64", target_os = "linux"),
                unsafe(link_section = "static_call_text")
            )]
        };
        (!self.input.options.apart).then_some(near)
    }

    /// Shim, fallback, and recorded call of one method.
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
            written,
            parameters,
            output,
            ..
        } = &shape;
        let ident = names::quiet(method.ident());
        let shim = names::shim(method.ident());
        let fallback = names::fallback(method.ident());
        let counted = names::counted_fallback(method.ident());
        let moved = &shape.moved;
        let passed_on = shape.passed_on();
        let shims_applied = self.shims_applied();
        let learning = self.learning(method, &shape);
        let call = shape.call(method, &quote!(<Self as #applied>::#ident));
        let call = if shape.output_is_written {
            quote!(let __result = #call; unsafe { #private::give(__out, __result) })
        } else {
            call
        };
        let call = quote! {
            #(let #moved = unsafe { #private::take(#moved) };)*
            #call
        };
        let section = self.section_of_shims();
        quote! {
            #repeated
            #[doc(hidden)]
            #[allow(improper_ctypes_definitions, single_use_lifetimes, unused_lifetimes)]
            #section
            unsafe extern "C-unwind" fn #shim <#(#lifetimes),*>(
                #receiver, _: *const () #written #(, #parameters)*
            ) #output #clause {
                #call
            }
            #repeated
            #[doc(hidden)]
            #[allow(improper_ctypes_definitions, single_use_lifetimes, unused_lifetimes)]
            unsafe extern "C-unwind" fn #fallback <#(#lifetimes,)* __Site: #private::CallSite>(
                #receiver #written #(, #parameters)*
            ) #output #clause {
                if #private::counts_misses(<__Site as #private::CallSite>::site()) {
                    unsafe {
                        <Self as #shims_applied>::#counted(
                            #(#passed_on,)* <__Site as #private::CallSite>::site()
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
            #[allow(improper_ctypes_definitions, single_use_lifetimes, unused_lifetimes)]
            unsafe extern "C-unwind" fn #counted <#(#lifetimes),*>(
                #receiver #written #(, #parameters)*, __site: &'static #private::Site
            ) #output #clause {
                #private::count_miss(__site);
                #call
            }
            #learning
        }
    }

    /// A call that is recorded: out of line, so that the call sites keep nothing at
    /// hand for it, and one function for all sites, which are many.
    fn learning(&self, method: &Method, shape: &Shape) -> TokenStream {
        let Context {
            private, applied, ..
        } = self;
        let Shape {
            receiver,
            lifetimes,
            clause,
            plain_parameters,
            plain_output,
            ..
        } = shape;
        let repeated = repeated(&method.attributes);
        let unsafety = &method.signature.unsafety;
        let ident = names::quiet(method.ident());
        let learning = names::learning(method.ident());
        let key = self.key(method, &quote!(Self));
        let call = shape.call(method, &quote!(<Self as #applied>::#ident));
        quote! {
            #repeated
            #[doc(hidden)]
            #[cold]
            #[inline(never)]
            #unsafety fn #learning <#(#lifetimes),*>(
                #receiver,
                __trampoline: unsafe extern "C-unwind" fn(),
                __route: &'static #private::Route
                #(, #plain_parameters)*
            ) #plain_output #clause {
                #private::record::<#key>(&*self, __trampoline, __route);
                #call
            }
        }
    }

    /// The type that leads from a call site to the fallback of its method, and to
    /// the object's table. The trampoline cannot be generic over the fallback
    /// itself: it is declared at the call site, where nobody knows the trait.
    fn keys(&self) -> TokenStream {
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
            .push(syn::parse_quote!(__Object: #applied + ?Sized));
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
            let attributes = self::repeated(&method.attributes);
            let name = names::key(self.ident(), method.ident());
            let key = self.key(method, &quote!(__Object));
            let fallback = names::fallback(method.ident());
            let (shims_applied, hook_applied) = (self.shims_applied(), self.hook_applied());
            let declaration = names::declaration(self.ident());
            let inline = nested_list(dispatched.inline);
            let method_index = self.method_index(index);
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
                impl #impl_parameters #private::DispatchedMethod for #key #clause {
                    type Object = __Object;
                    type Inline = #inline;
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
                            &#private::Route::new::<__Site, Self>(
                                &#declaration,
                                <Self as #private::DispatchedMethod>::INDEX,
                                <Self as #private::DispatchedMethod>::rest::<__Site> as *const (),
                                <__Object as #shims_applied>::#fallback::<__Site> as *const (),
                            )
                        }
                    }
                    #private::rest! { <__Object as #shims_applied>::#fallback::<__Site> }
                    #of_bindings
                }
            }
        });
        quote!(#(#methods)*)
    }

    /// `Self: 'a`, which a receiver `&'a mut self` with the trait's own `'a` asks for.
    /// In a method that has this receiver it is implied; where the method is only
    /// named, it must be said.
    pub(super) fn outlives(&self, implementor: &TokenStream) -> Option<WherePredicate> {
        let names = |tokens: TokenStream, lifetime: &syn::Lifetime| {
            let text = format!("{lifetime} ");
            format!("{tokens} ").contains(&text)
        };
        let lifetimes = self.generics.lifetimes().map(|one| &one.lifetime);
        let lifetimes = lifetimes.filter(|lifetime| {
            let mut dispatched = self.input.dispatched();
            dispatched.any(|dispatched| {
                let receiver = dispatched.method.receiver();
                receiver.is_some_and(|receiver| names(receiver.to_token_stream(), lifetime))
            })
        });
        let lifetimes: Vec<_> = lifetimes.collect();
        (!lifetimes.is_empty()).then(|| syn::parse_quote!(#implementor: #(#lifetimes)+*))
    }

    /// `__TraitMethod_encode<'a, A, Object>`. Told apart by name and not by an index in
    /// the generics: rustc checks each constant there as if it were a function, and
    /// there were more of these than of functions.
    pub(super) fn key(&self, method: &Method, object: &TokenStream) -> TokenStream {
        let key = names::key(self.ident(), method.ident());
        let arguments = self.parameter_names();
        quote!(#key <#(#arguments,)* #object>)
    }

    /// The method's place in the declaration, which `#[cfg]` on the methods before it may
    /// shift. Those without are counted here: rustc would take time with the square of
    /// the trait's length.
    fn method_index(&self, index: usize) -> TokenStream {
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

    /// `Trait<A, Frame = …>`: what follows `dyn`, or bounds an implementor.
    pub(super) fn bound_with(
        &self,
        binding: impl Fn(&(Ident, Ident, Vec<TypeParamBound>)) -> TokenStream,
    ) -> TokenStream {
        let ident = self.ident();
        let plain = self.parameter_names().into_iter();
        let arguments: Vec<_> = plain.chain(self.associated.iter().map(binding)).collect();
        if arguments.is_empty() {
            ident.to_token_stream()
        } else {
            quote!(#ident <#(#arguments),*>)
        }
    }

    /// `'a, A, N`.
    pub(super) fn parameter_names(&self) -> Vec<TokenStream> {
        let parameters = self.generics.params.iter();
        parameters
            .map(|parameter| match parameter {
                GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
                GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
                GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
            })
            .collect()
    }

    pub(super) fn guards_applied(&self, list: &TokenStream) -> TokenStream {
        let guards = names::guards(self.ident());
        let arguments = self.parameter_names();
        quote!(#guards <#(#arguments,)* #list>)
    }

    /// `__TraitEnter_encode<'a, A, __Site>`.
    pub(super) fn entering(&self, method: &Method) -> TokenStream {
        let entering = names::entering(self.ident(), method.ident());
        let arguments = self.parameter_names();
        quote!(#entering <#(#arguments,)* __Site>)
    }

    /// The trait's own associated types that an object type must name.
    fn own_types(&self) -> impl Iterator<Item = &Ident> {
        self.associated.iter().take(self.own).map(|(name, ..)| name)
    }

    /// `Name = …` as the implementor `implementor` has it.
    pub(super) fn bound_by(&self, name: &Ident, implementor: &TokenStream) -> TokenStream {
        let applied = &self.applied;
        if self.own_types().any(|own| own == name) {
            quote!(#name = <#implementor as #applied>::#name)
        } else {
            quote!(#name = #implementor::#name)
        }
    }

    /// The method's signature for a trait that has this one as a supertrait.
    pub(super) fn shape(&self, method: &Method) -> Shape {
        let applied = &self.applied;
        let own: Vec<_> = self.own_types().collect();
        Shape::new(self, method, &|name| {
            if own.contains(&name) {
                Some(quote!(<Self as #applied>::#name))
            } else {
                self.inherited.qualified(name)
            }
        })
    }

    /// The method's signature for an inherent impl of an object type.
    pub(super) fn shape_on_object(&self, method: &Method) -> Shape {
        let applied = &self.applied;
        Shape::new(self, method, &|name| {
            if self.own_types().any(|own| own == name) {
                Some(quote!(<Self as #applied>::#name))
            } else {
                self.chosen(name)
            }
        })
    }

    /// What stands for `Self::name` in an impl for an object type.
    pub(super) fn chosen(&self, name: &Ident) -> Option<TokenStream> {
        let named = self.associated.iter().find(|(known, ..)| known == name);
        match named {
            Some((_, parameter, _)) => Some(parameter.to_token_stream()),
            None => self.inherited.qualified(name),
        }
    }
}

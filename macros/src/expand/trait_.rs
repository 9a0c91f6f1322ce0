//! The expansion of `#[static_dispatch]` on a trait. Beside the trait, which
//! gains one hidden supertrait and is otherwise emitted as written, stand:
//!
//! 1. the declaration, an element of the registry's slice;
//! 2. the hook, `trait __TraitStaticDispatch`, implemented for every implementor:
//!    one vtable method that returns the implementation's table;
//! 3. the shims, `trait __TraitShims`, implemented for every implementor: per
//!    dispatched method a shim (one implementation, body inlined) and a fallback
//!    (counts a miss, then the plain vtable call);
//! 4. the keys, `__TraitMethod<…, Object, INDEX>`: one type for each method of
//!    each object type, by which a call site's trampoline finds its fallback;
//! 5. the entries: inherent methods on `dyn Trait`, `dyn Trait + Send`, …, which
//!    `static_call!` calls by method syntax, so that autoderef, two-phase borrows
//!    and temporaries are those of the plain call.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{
    Attribute, GenericParam, Generics, ItemTrait, Meta, TraitItem, TypeParamBound, WherePredicate,
};

use super::{combined, private_path};
use crate::abi::{self, Argument, Output};
use crate::ast::{Method, Trait};
use crate::attr;
use crate::{names, rewrite, valid};

/// Auto traits of the object types that get entries. Auto traits do not change a
/// vtable, but `dyn Trait + Send` is a type of its own, with inherent methods of
/// its own.
const AUTO_TRAITS: [&[&str]; 20] = [
    &[],
    &["Send"],
    &["Sync"],
    &["Send", "Sync"],
    &["Unpin"],
    &["Send", "Unpin"],
    &["Sync", "Unpin"],
    &["Send", "Sync", "Unpin"],
    &["UnwindSafe"],
    &["Send", "UnwindSafe"],
    &["Sync", "UnwindSafe"],
    &["Send", "Sync", "UnwindSafe"],
    &["UnwindSafe", "RefUnwindSafe"],
    &["Send", "UnwindSafe", "RefUnwindSafe"],
    &["Sync", "UnwindSafe", "RefUnwindSafe"],
    &["Send", "Sync", "UnwindSafe", "RefUnwindSafe"],
    &["Unpin", "UnwindSafe", "RefUnwindSafe"],
    &["Send", "Unpin", "UnwindSafe", "RefUnwindSafe"],
    &["Sync", "Unpin", "UnwindSafe", "RefUnwindSafe"],
    &["Send", "Sync", "Unpin", "UnwindSafe", "RefUnwindSafe"],
];

pub(crate) fn expand(attribute: TokenStream, item: ItemTrait) -> TokenStream {
    let written = item.to_token_stream().to_string();
    let (options, error) = attr::parse_item(attribute, false);
    let mut errors = Vec::from_iter(error);
    let mut input = Trait::read(item, options, &mut errors);
    let has_objects = valid::trait_(&mut input, &mut errors);
    let error = combined(errors).map(syn::Error::into_compile_error);
    if !has_objects || cfg!(not(feature = "std")) {
        let item = &input.item;
        return quote!(#item #error);
    }
    let context = Context::new(&input, layout_hash(&written));
    let hidden = [
        context.declaration(),
        context.hook(),
        context.shims(),
        context.keys(),
        context.entries(),
    ];
    let hook = context.hook_applied();
    input.item.colon_token.get_or_insert_with(Default::default);
    input.item.supertraits.push(syn::parse_quote!(#hook));
    let item = &input.item;
    // What is sound of a faulty trait still dispatches: its calls are no errors.
    quote!(#item #(#hidden)* #error)
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
fn repeated(attributes: &[Attribute]) -> TokenStream {
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

/// What every part of the expansion needs.
struct Context<'a> {
    input: &'a Trait,
    private: TokenStream,
    layout: u64,
    /// Attributes that every generated item repeats.
    repeated: TokenStream,
    /// Generics of the trait without the predicates that speak of `Self`.
    generics: Generics,
    /// `Trait<A>`.
    applied: TokenStream,
    /// Associated types that an object type must name, each with a parameter of
    /// the entries that stands for it.
    associated: Vec<(Ident, Ident, Vec<TypeParamBound>)>,
}

impl<'a> Context<'a> {
    fn new(input: &'a Trait, layout: u64) -> Context<'a> {
        let item = &input.item;
        let mut generics = item.generics.clone();
        if let Some(clause) = &mut generics.where_clause {
            clause.predicates = std::mem::take(&mut clause.predicates)
                .into_iter()
                .filter(|predicate: &WherePredicate| !rewrite::mentions_self(predicate))
                .collect();
        }
        let types: Vec<_> = item
            .items
            .iter()
            .filter_map(|part| match part {
                TraitItem::Type(ty) => Some(ty),
                _ => None,
            })
            .filter(|ty| !rewrite::requires_sized_self(ty.generics.where_clause.as_ref()))
            .collect();
        let names: Vec<Ident> = types.iter().map(|ty| ty.ident.clone()).collect();
        let parameter =
            |name: &Ident| Ident::new(&format!("__Associated{}", name.unraw()), Span::call_site());
        let associated = types
            .iter()
            .map(|ty| {
                let bounds = ty.bounds.iter().cloned().map(|mut bound| {
                    let by = |name: &Ident| parameter(name).into_token_stream();
                    rewrite::replace_associated(&mut bound, &names, &by);
                    bound
                });
                let bounds = bounds.filter(|bound| !rewrite::mentions_self(bound));
                (ty.ident.clone(), parameter(&ty.ident), bounds.collect())
            })
            .collect();
        Context {
            private: private_path(input.options.krate.as_ref()),
            layout,
            repeated: repeated(&item.attrs),
            applied: rewrite::applied(&item.ident, &item.generics),
            generics,
            associated,
            input,
        }
    }

    fn ident(&self) -> &Ident {
        &self.input.item.ident
    }

    fn hook_applied(&self) -> TokenStream {
        rewrite::applied(&names::hook(self.ident()), &self.generics)
    }

    fn shims_applied(&self) -> TokenStream {
        rewrite::applied(&names::shims(self.ident()), &self.generics)
    }

    /// The trait's generics with one more type parameter for an implementor.
    fn generics_with_implementor(&self) -> Generics {
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
        let methods = self.input.dispatched().map(|(method, targets)| {
            let cfgs = method.cfgs();
            let method = method.ident().to_string();
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
        let (parameters, _, clause) = self.generics.split_for_impl();
        let with_implementor = self.generics_with_implementor();
        let (impl_parameters, _, _) = with_implementor.split_for_impl();
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility trait #hook #parameters #clause {
                #[doc(hidden)]
                fn __static_dispatch_table(&self) -> &'static #private::Table;
            }
            #repeated
            impl #impl_parameters #hook_applied for __Implementation #clause {
                #[inline]
                fn __static_dispatch_table(&self) -> &'static #private::Table {
                    <Self as #shims_applied>::__TABLE
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
        let addresses = self.input.dispatched().map(|(method, _)| {
            let cfgs = method.cfgs();
            let shim = names::shim(method.ident());
            quote!(#(#cfgs)* #private::Code::new(<Self as #shims_applied>::#shim as *const ()))
        });
        let methods = self
            .input
            .dispatched()
            .map(|(method, _)| self.method_shims(method));
        let object = self.bound_with(|(name, _, _)| quote!(#name = <Self as #applied>::#name));
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility trait #name #parameters: #applied #clause {
                #[doc(hidden)]
                const __TABLE: &'static #private::Table = &#private::Table::new(
                    &#declaration,
                    #private::type_name::<Self>,
                    #private::identity::<Self>,
                    // Distinct for each implementation of each instantiation of
                    // the trait, so that no two vtables have equal content.
                    #private::identity::<(#private::PhantomData<Self>, #private::PhantomData<dyn #object>)>,
                    &[#(#addresses),*],
                );
                #(#methods)*
            }
            #repeated
            impl #impl_parameters #shims_applied for __Implementation #clause {}
        }
    }

    /// Shim and fallback of one method.
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
        let moved = &shape.moved;
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
        quote! {
            #repeated
            #[doc(hidden)]
            #[allow(improper_ctypes_definitions, single_use_lifetimes, unused_lifetimes)]
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
                #private::missed(<__Site as #private::CallSite>::site());
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
        let key = names::key(self.ident());
        let mut generics = self.generics.clone();
        generics
            .params
            .push(syn::parse_quote!(__Object: #applied + ?Sized));
        let (impl_parameters, _, clause) = generics.split_for_impl();
        let mut declared = generics.clone();
        declared
            .params
            .push(syn::parse_quote!(const __METHOD: #private::core::primitive::usize));
        let (parameters, _, _) = declared.split_for_impl();
        let lifetimes = self.generics.lifetimes().map(|one| &one.lifetime);
        let types = self.generics.type_params().map(|one| &one.ident);
        let methods = self.input.dispatched().enumerate().map(|(index, (method, _))| {
            let attributes = self::repeated(&method.attributes);
            let key = self.key(index, &quote!(__Object));
            let fallback = names::fallback(method.ident());
            let (shims_applied, hook_applied) = (self.shims_applied(), self.hook_applied());
            let declaration = names::declaration(self.ident());
            let method_index = self.method_index(index);
            quote! {
                #attributes
                impl #impl_parameters #private::DispatchedMethod for #key #clause {
                    type Object = __Object;
                    #[inline]
                    fn table(object: &__Object) -> &'static #private::Table {
                        <__Object as #hook_applied>::__static_dispatch_table(object)
                    }
                    #[inline]
                    fn route<__Site: #private::CallSite>() -> &'static #private::Route {
                        const {
                            &#private::Route::new(
                                &#declaration,
                                #method_index,
                                <Self as #private::DispatchedMethod>::rest::<__Site> as *const (),
                                <__Object as #shims_applied>::#fallback::<__Site> as *const (),
                            )
                        }
                    }
                    #private::rest! { <__Object as #shims_applied>::#fallback::<__Site> }
                }
            }
        });
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility struct #key #parameters (
                #private::PhantomData<(#(&#lifetimes (),)* #(*const #types,)* *const __Object)>
            ) #clause;
            #(#methods)*
        }
    }

    /// `__TraitMethod<'a, A, Object, INDEX>`.
    fn key(&self, index: usize, object: &TokenStream) -> TokenStream {
        let key = names::key(self.ident());
        let arguments = self.parameter_names();
        quote!(#key <#(#arguments,)* #object, #index>)
    }

    /// The method's place in the declaration, which `#[cfg]` on the methods
    /// before it may shift.
    fn method_index(&self, index: usize) -> TokenStream {
        let steps = self.input.dispatched().take(index).map(|(method, _)| {
            let cfgs = method.cfgs();
            quote!(#(#cfgs)* let __index = __index + 1;)
        });
        quote!({ let __index = 0; #(#steps)* __index })
    }

    /// `Trait<A, Frame = …>`: what follows `dyn`, or bounds an implementor.
    fn bound_with(
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
    fn parameter_names(&self) -> Vec<TokenStream> {
        let parameters = self.generics.params.iter();
        parameters
            .map(|parameter| match parameter {
                GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
                GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
                GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
            })
            .collect()
    }

    fn entries(&self) -> TokenStream {
        let bound = self.bound_with(|(name, parameter, _)| quote!(#name = #parameter));
        let blocks = AUTO_TRAITS
            .iter()
            .map(|autos| self.entries_of(&bound, autos));
        quote!(#(#blocks)*)
    }

    /// The inherent methods of one object type.
    fn entries_of(&self, bound: &TokenStream, autos: &[&str]) -> TokenStream {
        let Context {
            private, repeated, ..
        } = self;
        let visibility = &self.input.item.vis;
        let mut generics = self.generics.clone();
        generics.params.push(syn::parse_quote!('__object));
        for (_, parameter, bounds) in &self.associated {
            generics
                .params
                .push(syn::parse_quote!(#parameter: #(#bounds)+*));
        }
        let (parameters, _, clause) = generics.split_for_impl();
        // Enough for the hint; the other object types name the method in rustc's words.
        let hints = autos.len() < 3;
        let autos = autos.iter().map(|name| {
            let name = Ident::new(name, Span::call_site());
            quote!(+ #private::auto::#name)
        });
        let ty = quote!(dyn #bound #(#autos)* + '__object);
        let dispatched = self
            .input
            .dispatched()
            .enumerate()
            .map(|(index, (method, _))| self.entry(index, method));
        let left_alone = self
            .input
            .left_alone()
            .filter(|method| hints && valid::method(method).is_ok())
            .map(|method| self.refusing_entry(method));
        let hook_applied = self.hook_applied();
        let shims_applied = self.shims_applied();
        let declaration = names::declaration(self.ident());
        let registration = names::registration();
        quote! {
            #repeated
            impl #parameters #ty #clause {
                #(#dispatched)*
                #(#left_alone)*
                #[doc(hidden)]
                #[inline]
                #visibility fn #registration<__Implementation>()
                    -> #private::Implementation
                where
                    __Implementation: #bound + '__object,
                {
                    #private::Implementation::new(
                        #private::vtable_of_pointer(
                            #private::dangling::<__Implementation>() as *const (dyn #bound + '__object)
                        ),
                        <__Implementation as #shims_applied>::__TABLE,
                    )
                }
            }
            // SAFETY: the table is the one that the receiver's own vtable leads to.
            #repeated
            unsafe impl #parameters #private::TraitObject for #ty #clause {
                #[inline]
                fn __table(&self) -> &'static #private::Table {
                    <Self as #hook_applied>::__static_dispatch_table(self)
                }
                #[inline]
                fn __declaration() -> &'static #private::TraitDeclaration {
                    &#declaration
                }
            }
        }
    }

    /// The method that `static_call!` calls.
    fn entry(&self, index: usize, method: &Method) -> TokenStream {
        let Context {
            private, applied, ..
        } = self;
        let visibility = &self.input.item.vis;
        let shape = self.shape(method);
        let Shape {
            receiver,
            lifetimes,
            clause,
            plain_parameters,
            plain_output,
            moved,
            ..
        } = &shape;
        let repeated = repeated(&method.attributes);
        let attributes = method.attributes.iter().filter(|attribute| {
            ["must_use", "deprecated"]
                .iter()
                .any(|name| attribute.path().is_ident(name))
        });
        let unsafety = &method.signature.unsafety;
        let ident = names::quiet(method.ident());
        let entry = Ident::new(&names::entry(method.ident()), Span::call_site());
        let fallback = names::fallback(method.ident());
        let shims_applied = self.shims_applied();
        let key = self.key(index, &quote!(Self));
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
            #repeated
            #(#attributes)*
            #[doc(hidden)]
            #[inline(always)]
            #visibility #unsafety fn #entry <#(#lifetimes,)* __Site: #private::CallSite>(
                #receiver, __gate: #private::Gate<__Site, #key> #(, #plain_parameters)*
            ) #plain_output #clause {
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

    /// Stands where a method has no trampoline, so that `static_call!` on it
    /// says which attribute to add.
    fn refusing_entry(&self, method: &Method) -> TokenStream {
        let Context {
            private, applied, ..
        } = self;
        let visibility = &self.input.item.vis;
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
        let ident = names::quiet(method.ident());
        let entry = Ident::new(&names::entry(method.ident()), Span::call_site());
        let plain = shape.call(method, &quote!(<Self as #applied>::#ident));
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility #unsafety fn #entry <#(#lifetimes,)* __Site: #private::AnnotatedMethod>(
                #receiver, _: #private::Gate<__Site, #private::NotAnnotated> #(, #plain_parameters)*
            ) #plain_output #clause {
                #plain
            }
        }
    }

    fn shape(&self, method: &Method) -> Shape {
        Shape::new(self, method)
    }
}

/// A method's signature, taken apart for the functions generated from it.
struct Shape {
    receiver: TokenStream,
    lifetimes: Vec<TokenStream>,
    clause: Option<syn::WhereClause>,
    /// `, __out: *mut ()` where the result is written.
    written: Option<TokenStream>,
    output_is_written: bool,
    /// The result is `!`.
    diverges: bool,
    /// Parameters of the `extern` functions, without receiver and `__out`.
    parameters: Vec<TokenStream>,
    /// Result of the `extern` functions.
    output: TokenStream,
    /// Parameters and result as the user wrote them.
    plain_parameters: Vec<TokenStream>,
    plain_output: TokenStream,
    /// Names of all arguments, and of those passed by address.
    arguments: Vec<Ident>,
    moved: Vec<Ident>,
}

impl Shape {
    fn new(context: &Context<'_>, method: &Method) -> Shape {
        let private = &context.private;
        let names: Vec<Ident> = context.associated.iter().map(|a| a.0.clone()).collect();
        let applied = &context.applied;
        let by = |name: &Ident| quote!(<Self as #applied>::#name);
        let qualified = |ty: &syn::Type| {
            let mut ty = ty.clone();
            rewrite::replace_associated(&mut ty, &names, &by);
            ty
        };
        let mut clause = method.signature.generics.where_clause.clone();
        if let Some(clause) = &mut clause {
            rewrite::replace_associated(clause, &names, &by);
        }
        let mut shape = Shape {
            receiver: receiver(method),
            lifetimes: method
                .signature
                .generics
                .params
                .iter()
                .map(ToTokens::to_token_stream)
                .collect(),
            clause,
            written: None,
            output_is_written: false,
            diverges: false,
            parameters: Vec::new(),
            output: TokenStream::new(),
            plain_parameters: Vec::new(),
            plain_output: TokenStream::new(),
            arguments: Vec::new(),
            moved: Vec::new(),
        };
        for (index, ty) in method.arguments().enumerate() {
            let ty = qualified(ty);
            let name = Ident::new(&format!("__argument{index}"), Span::call_site());
            match abi::argument(&ty, private) {
                Argument::Direct(ty) => shape.parameters.push(quote!(#name: #ty)),
                Argument::Moved => {
                    shape.parameters.push(quote!(#name: *const ()));
                    shape.moved.push(name.clone());
                }
            }
            shape.plain_parameters.push(quote!(#name: #ty));
            shape.arguments.push(name);
        }
        let mut output = method.signature.output.clone();
        if let syn::ReturnType::Type(_, ty) = &mut output {
            **ty = qualified(ty);
        }
        if let syn::ReturnType::Type(_, ty) = &output {
            shape.diverges = matches!(**ty, syn::Type::Never(_));
        }
        match abi::output(&output, private) {
            Output::Direct(tokens) => shape.output = tokens,
            Output::Written => {
                shape.written = Some(quote!(, __out: *mut ()));
                shape.output_is_written = true;
            }
        }
        shape.plain_output = output.to_token_stream();
        shape
    }

    /// The type of the `extern` functions as a function pointer, its parts inferred.
    fn inferred_signature(&self) -> TokenStream {
        let parameters = 1 + usize::from(self.output_is_written) + self.parameters.len();
        let parameters = std::iter::repeat_n(quote!(_), parameters);
        let output = if self.diverges { quote!(!) } else { quote!(_) };
        quote!(unsafe extern "C-unwind" fn(#(#parameters),*) -> #output)
    }

    /// The plain call of `function` with the receiver and all arguments.
    fn call(&self, method: &Method, function: &TokenStream) -> TokenStream {
        let arguments = &self.arguments;
        let call = quote!(#function(self #(, #arguments)*));
        if method.signature.unsafety.is_some() {
            quote!(unsafe { #call })
        } else {
            call
        }
    }

    /// The arguments as an entry hands them to a trampoline.
    fn passed(&self) -> Vec<TokenStream> {
        self.arguments
            .iter()
            .map(|name| {
                if self.moved.contains(name) {
                    quote!(&#name as *const _ as *const ())
                } else {
                    name.to_token_stream()
                }
            })
            .collect()
    }
}

/// The receiver without a `mut` binding, which only the user's body needs.
fn receiver(method: &Method) -> TokenStream {
    let mut receiver = method
        .receiver()
        .expect("valid::method refused methods without a receiver")
        .clone();
    receiver.attrs.clear();
    if receiver.reference.is_none() {
        receiver.mutability = None;
    }
    receiver.into_token_stream()
}

//! What a binding of the trait is called by: `struct __TraitBound<…, Object, Binding>`,
//! the type of the statics that `binding!` declares, with an inherent method for each
//! method that an object shared by all threads has.
//!
//! 1. An annotated method enters the binding's trampoline, which puts the bound
//!    object's address where the receiver goes, and jumps to its shim. At rest the
//!    trampoline leads to the *way at rest*, which loads the bound object and makes the
//!    plain virtual call.
//! 2. A method that is not annotated loads the bound object and makes the plain call.
//! 3. What is called while nothing is bound has a result by declaration, or none to
//!    give (`()`).
//!
//! Inherent methods, and not an implementation of the trait: that would need all the
//! supertraits as well, and leave no room for the blanket impls of users.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{ReturnType, Type, TypePath, TypeReference};

use super::context::{Context, repeated};
use super::shape::Shape;
use crate::ast::Method;
use crate::{names, rewrite};

impl Context<'_> {
    pub(super) fn bound(&self) -> TokenStream {
        let Context {
            private,
            applied,
            repeated,
            ..
        } = self;
        let visibility = &self.visibility();
        let name = names::bound(self.ident());
        let mut declared = self.generics.clone();
        declared.where_clause = None;
        declared
            .params
            .push(syn::parse_quote!(__Object: ?#private::core::marker::Sized));
        declared.params.push(syn::parse_quote!(__Binding));
        let (parameters, _, _) = declared.split_for_impl();
        let mut generics = self.generics.clone();
        generics
            .params
            .push(syn::parse_quote!(__Object: #applied + ?#private::core::marker::Sized + 'static));
        generics.params.push(syn::parse_quote!(
            __Binding: #private::BindingSite<Object = __Object>
        ));
        if let Some(predicate) = self.outlives(&quote!(__Object)) {
            generics.make_where_clause().predicates.push(predicate);
        }
        let (impl_parameters, _, clause) = generics.split_for_impl();
        let bound = self.bound_applied(&quote!(__Object));
        let lifetimes = self.generics.lifetimes().map(|one| &one.lifetime);
        let types = self.generics.type_params().map(|one| &one.ident);
        let dispatched = self
            .input
            .dispatched()
            .filter(|dispatched| is_shared(dispatched.method))
            .map(|dispatched| Bound::new(self, dispatched.method, dispatched.none).dispatched());
        let others = self
            .input
            .on_objects()
            .filter(|method| method.dispatched().is_none() && is_shared(method))
            .map(|method| Bound::new(self, method, None).left_alone());
        let refused = self
            .input
            .on_objects()
            .filter(|method| is_exclusive(method))
            .map(|method| Bound::new(self, method, None).refused());
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility struct #name #parameters (
                #private::PhantomData<fn() -> (
                    #(&#lifetimes (),)* #(*const #types,)* *const __Object, *const __Binding,
                )>
            );
            #repeated
            #[doc(hidden)]
            impl #impl_parameters #bound #clause {
                #(#dispatched)*
                #(#others)*
                #(#refused)*
            }
            #repeated
            impl #impl_parameters #private::Bound for #bound #clause {
                const NEW: Self = Self(#private::PhantomData);
            }
            #repeated
            impl #impl_parameters #private::core::ops::Deref for #bound #clause {
                type Target = #private::Binding<
                    __Object,
                    <__Binding as #private::BindingSite>::Kind,
                >;
                #[inline]
                fn deref(&self) -> &Self::Target {
                    <__Binding as #private::BindingSite>::binding()
                }
            }
        }
    }

    /// `__TraitBound<'a, A, Object, __Binding>`.
    pub(super) fn bound_applied(&self, object: &TokenStream) -> TokenStream {
        let name = names::bound(self.ident());
        let arguments = self.parameter_names();
        quote!(#name <#(#arguments,)* #object, __Binding>)
    }

    /// What the key of a dispatched method knows of bindings.
    pub(super) fn key_of_bindings(&self, method: &Method, none: Option<&syn::Expr>) -> TokenStream {
        if !is_shared(method) {
            return TokenStream::new();
        }
        let private = &self.private;
        let bound = self.bound_applied(&quote!(__Object));
        let rest = names::rest_of_bound(method.ident());
        let result = match Unbound::of(method, none) {
            Unbound::Returns => {
                let types = method.arguments().filter(|ty| primitive(ty).is_some());
                quote! {
                    // Whoever names a type like a primitive may have something to drop.
                    if false #(|| #private::core::mem::needs_drop::<#types>())* {
                        #private::Unbound::Never
                    } else {
                        #private::Unbound::Return
                    }
                }
            }
            Unbound::Runs => {
                let unbound = names::unbound(method.ident());
                quote!(#private::Unbound::Code(#private::Code::new(<#bound>::#unbound as *const ())))
            }
            Unbound::Lacks => return quote!(#private::rest_of_bound! { <#bound>::#rest }),
        };
        quote! {
            #private::rest_of_bound! { <#bound>::#rest }
            fn unbound<__Binding: #private::BindingSite<Object = __Object>>() -> #private::Unbound
            where
                __Object: 'static,
            {
                #result
            }
        }
    }

    /// What is wrong with a binding of this trait to nothing, as a sentence; empty if
    /// nothing is.
    pub(super) fn lacks_results(&self) -> String {
        let lacking = self
            .input
            .dispatched()
            .filter(|dispatched| is_shared(dispatched.method))
            .filter(|dispatched| {
                matches!(
                    Unbound::of(dispatched.method, dispatched.none),
                    Unbound::Lacks
                )
            });
        let lacking: Vec<_> = lacking
            .map(|dispatched| format!("`{}`", dispatched.method.title))
            .collect();
        if lacking.is_empty() {
            return String::new();
        }
        let have = if lacking.len() == 1 { "has" } else { "have" };
        format!(
            "{} of `{}` {have} no result while nothing is bound; declare one in the trait, \
             `#[static_dispatch(none = …)]`, or bind something",
            lacking.join(", "),
            self.ident(),
        )
    }
}

/// Whether the receiver is `&self`: what many threads may call at once.
fn is_shared(method: &Method) -> bool {
    reference(method).is_some_and(|receiver| receiver.mutability.is_none())
}

/// Whether the receiver is `&mut self`.
fn is_exclusive(method: &Method) -> bool {
    reference(method).is_some_and(|receiver| receiver.mutability.is_some())
}

fn reference(method: &Method) -> Option<TypeReference> {
    match rewrite::type_of(method.receiver()?) {
        Type::Reference(ty) if rewrite::is_self(&ty.elem) => Some(ty),
        _ => None,
    }
}

/// What a method does while nothing is bound.
enum Unbound {
    /// It returns, with nothing to give and nothing to drop.
    Returns,
    /// It drops its arguments, and gives the declared result.
    Runs,
    /// It cannot be called: nothing is declared.
    Lacks,
}

impl Unbound {
    fn of(method: &Method, none: Option<&syn::Expr>) -> Self {
        let gives_nothing = match &method.signature.output {
            ReturnType::Default => true,
            ReturnType::Type(_, ty) => {
                matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty())
            }
        };
        if none.is_none() && !gives_nothing {
            Unbound::Lacks
        } else if none.is_none() && method.arguments().all(has_nothing_to_drop) {
            Unbound::Returns
        } else {
            Unbound::Runs
        }
    }
}

/// Whether values of the type are known by its spelling to have nothing to drop.
fn has_nothing_to_drop(ty: &Type) -> bool {
    match ty {
        Type::Reference(_) | Type::Ptr(_) => true,
        Type::Paren(ty) => has_nothing_to_drop(&ty.elem),
        Type::Group(ty) => has_nothing_to_drop(&ty.elem),
        ty => primitive(ty).is_some(),
    }
}

/// The name, if it is a primitive type's.
fn primitive(ty: &Type) -> Option<&Ident> {
    const PRIMITIVES: [&str; 16] = [
        "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
        "i128", "isize", "f32", "f64",
    ];
    match ty {
        Type::Path(TypePath {
            qself: None, path, ..
        }) => path
            .get_ident()
            .filter(|ident| PRIMITIVES.iter().any(|name| *ident == name)),
        Type::Paren(ty) => primitive(&ty.elem),
        Type::Group(ty) => primitive(&ty.elem),
        _ => None,
    }
}

/// One method of a binding.
struct Bound<'a> {
    context: &'a Context<'a>,
    method: &'a Method,
    shape: Shape,
    none: Option<&'a syn::Expr>,
    attributes: TokenStream,
}

impl<'a> Bound<'a> {
    fn new(context: &'a Context<'a>, method: &'a Method, none: Option<&'a syn::Expr>) -> Self {
        Bound {
            context,
            method,
            shape: of_object(context.shape(method)),
            none,
            attributes: repeated(&method.attributes),
        }
    }

    /// Through the trampoline.
    fn dispatched(&self) -> TokenStream {
        let Bound { context, shape, .. } = self;
        let private = &context.private;
        let key = context.key(self.method, &quote!(__Object));
        let rest = names::rest_of_bound(self.method.ident());
        let signature = shape.inferred_signature(2);
        let arguments = &shape.arguments;
        let called = self.called(
            &quote! {
                let __rest = Self::#rest as #signature;
                let __function = if #private::TRAMPOLINES {
                    let __trampoline = <__Binding as #private::BindingSite>::trampoline::<#key>();
                    unsafe { #private::with_signature_of(__rest, __trampoline) }
                } else {
                    __rest
                };
                unsafe {
                    __function(
                        #private::nowhere(self), #private::Nothing::uninit() #(, #arguments)*
                    )
                }
            },
            None,
        );
        let at_rest = self.at_rest();
        let unbound = self.unbound();
        let declared_result = self.declared_result();
        quote!(#called #at_rest #unbound #declared_result)
    }

    /// Through the vtable.
    fn left_alone(&self) -> TokenStream {
        let private = &self.context.private;
        let call = self.plain();
        if matches!(Unbound::of(self.method, None), Unbound::Lacks) {
            // Nothing stands for its result, so something has to be bound for good.
            let always = quote!(__Binding: #private::AlwaysBound);
            return self.called(
                &quote! {
                    let __object = unsafe { <__Binding as #private::BindingSite>::binding().bound() };
                    #call
                },
                Some(&always),
            );
        }
        self.called(
            &quote! {
                if let #private::core::option::Option::Some(__object) =
                    unsafe { <__Binding as #private::BindingSite>::binding().current() }
                {
                    #call
                }
            },
            None,
        )
    }

    /// Stands where a method needs an object of one's own, so that a call says so.
    fn refused(mut self) -> TokenStream {
        let private = &self.context.private;
        let exclusive = quote!(__Binding: #private::MethodOfASharedObject);
        let lifetime = reference(self.method).and_then(|receiver| receiver.lifetime.clone());
        self.shape.receiver = quote!(& #lifetime self);
        self.called(&quote!(#private::never_unbound()), Some(&exclusive))
    }

    /// The method that users call.
    fn called(&self, body: &TokenStream, condition: Option<&TokenStream>) -> TokenStream {
        let Bound {
            context,
            method,
            shape,
            attributes,
            ..
        } = self;
        let visibility = &context.visibility();
        let safety = &method.signature.safety;
        let name = names::located(&method.title, &method.title.to_string());
        let kept = method.attributes.iter().filter(|attribute| {
            ["doc", "must_use", "deprecated"]
                .iter()
                .any(|name| attribute.path().is_ident(name))
        });
        let Shape {
            receiver,
            lifetimes,
            clause,
            plain_parameters,
            plain_output,
            ..
        } = shape;
        let predicates = clause.as_ref().map(|clause| &clause.predicates);
        let predicates = predicates
            .into_iter()
            .flatten()
            .map(ToTokens::to_token_stream);
        let predicates = predicates.chain(condition.cloned());
        quote! {
            #attributes
            #(#kept)*
            #[allow(clippy::boxed_local)]
            #[inline(always)]
            #visibility #safety fn #name <#(#lifetimes),*>(#receiver #(, #plain_parameters)*)
                #plain_output
            where
                #(#predicates,)*
            {
                #body
            }
        }
    }

    /// Where the trampoline leads at rest, and the call itself where there are none.
    fn at_rest(&self) -> TokenStream {
        let private = &self.context.private;
        let call = self.plain();
        let nothing = match Unbound::of(self.method, self.none) {
            Unbound::Lacks => quote!(#private::never_unbound()),
            Unbound::Returns | Unbound::Runs => self.result(),
        };
        self.function(
            &names::rest_of_bound(self.method.ident()),
            &quote! {
                match unsafe { <__Binding as #private::BindingSite>::binding().current() } {
                    #private::core::option::Option::Some(__object) => { #call }
                    #private::core::option::Option::None => { #nothing }
                }
            },
        )
    }

    /// What the trampoline leads to while nothing is bound.
    fn unbound(&self) -> TokenStream {
        match Unbound::of(self.method, self.none) {
            Unbound::Runs => {
                let result = self.result();
                self.function(&names::unbound(self.method.ident()), &result)
            }
            Unbound::Returns | Unbound::Lacks => TokenStream::new(),
        }
    }

    /// A function that a trampoline leads to. It takes the receiver's two words and knows
    /// nothing of what they hold.
    fn function(&self, name: &Ident, body: &TokenStream) -> TokenStream {
        let Bound {
            shape, attributes, ..
        } = self;
        let private = &self.context.private;
        let Shape {
            receiver,
            lifetimes,
            clause,
            plain_parameters,
            plain_output,
            ..
        } = shape;
        quote! {
            #attributes
            #[doc(hidden)]
            #[allow(single_use_lifetimes, unused_lifetimes, unused_variables, clippy::boxed_local)]
            unsafe fn #name <#(#lifetimes),*>(
                #receiver, _: #private::Nothing #(, #plain_parameters)*
            ) #plain_output #clause {
                #body
            }
        }
    }

    /// The virtual call on the bound object.
    fn plain(&self) -> TokenStream {
        let applied = &self.context.applied;
        let ident = names::quiet(self.method.ident());
        let arguments = &self.shape.arguments;
        let call = quote!(<__Object as #applied>::#ident(__object #(, #arguments)*));
        if rewrite::is_unsafe(&self.method.signature) {
            quote!(unsafe { #call })
        } else {
            call
        }
    }

    /// The declared result, or nothing.
    fn result(&self) -> TokenStream {
        if self.none.is_none() {
            return TokenStream::new();
        }
        let name = names::declared_result(self.method.ident());
        let arguments = &self.shape.arguments;
        quote!(Self::#name(self #(, #arguments)*))
    }

    /// The function that gives it: a safe one, whatever the method is and whatever calls
    /// it, for in an unsafe one the user's expression could do without `unsafe`.
    fn declared_result(&self) -> Option<TokenStream> {
        let none = self.none?;
        let Bound {
            shape, attributes, ..
        } = self;
        let Shape {
            receiver,
            lifetimes,
            clause,
            plain_parameters,
            plain_output,
            arguments,
            ..
        } = shape;
        let name = names::declared_result(self.method.ident());
        Some(quote! {
            #attributes
            #[doc(hidden)]
            #[inline]
            #[allow(single_use_lifetimes, unused_lifetimes)]
            fn #name <#(#lifetimes),*>(#receiver #(, #plain_parameters)*) #plain_output #clause {
                let _ = (#(&#arguments,)*);
                const { #none }
            }
        })
    }
}

/// The signature as the object has it: `Self` stands for the object, of which the
/// method is none here.
fn of_object(mut shape: Shape) -> Shape {
    let one = |tokens: &mut TokenStream| *tokens = self_to_object(std::mem::take(tokens));
    shape.lifetimes.iter_mut().for_each(one);
    shape.plain_parameters.iter_mut().for_each(one);
    one(&mut shape.plain_output);
    if let Some(clause) = shape.clause.take() {
        let clause = self_to_object(clause.into_token_stream());
        shape.clause = Some(syn::parse2(clause).expect("it was one before"));
    }
    shape
}

fn self_to_object(tokens: TokenStream) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => {
            TokenTree::Ident(Ident::new("__Object", ident.span()))
        }
        TokenTree::Group(group) => {
            let mut replaced = Group::new(group.delimiter(), self_to_object(group.stream()));
            replaced.set_span(group.span());
            TokenTree::Group(replaced)
        }
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}

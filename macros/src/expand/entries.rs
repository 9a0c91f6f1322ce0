//! The entries: inherent methods on the trait's object types, which `static_call!`
//! calls, and which see to it that it means what the plain call means.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::context::{Context, repeated};
use super::shape::Shape;
use crate::ast::Method;
use crate::{names, rewrite, valid};

/// Auto traits of the object types that get entries, whatever is asked for. Auto traits do
/// not change a vtable, but `dyn Trait + Send` is a type of its own, with inherent methods
/// of its own.
const AUTO_TRAITS: [&[&str]; 4] = [&[], &["Send"], &["Sync"], &["Send", "Sync"]];

impl Context<'_> {
    pub(super) fn entries(&self) -> TokenStream {
        let bound = self.bound_with(|(name, parameter, _)| quote!(#name = #parameter));
        // The same for all object types, and so written once: there are four, or more.
        let dispatched = self.input.dispatched();
        let dispatched = dispatched.map(|dispatched| self.entry(dispatched.method));
        let dispatched: TokenStream = dispatched.collect();
        let left_alone = self.input.left_alone();
        let left_alone =
            left_alone.filter(|method| valid::method(method, &self.input.item).is_ok());
        let left_alone: TokenStream = left_alone
            .map(|method| self.refusing_entry(method))
            .collect();
        let miscounted = self.input.dispatched();
        let miscounted = miscounted.map(|dispatched| self.miscounted_entry(dispatched.method));
        let miscounted: TokenStream = miscounted.collect();
        let object_types = self.object_types();
        let blocks = object_types.iter().map(|autos| {
            // Enough for the hint; the other object types name the method in rustc's words.
            let left_alone = AUTO_TRAITS.contains(&&**autos).then_some(&left_alone);
            let miscounted =
                matches!(autos[..], [] | ["Send"] | ["Send", "Sync"]).then_some(&miscounted);
            self.entries_of(&bound, autos, &quote!(#dispatched #left_alone #miscounted))
        });
        let declared = self.declared();
        quote!(#(#blocks)* #declared)
    }

    /// The object types without entries: what there is without the runtime.
    pub(super) fn objects(&self) -> TokenStream {
        let bound = self.bound_with(|(name, parameter, _)| quote!(#name = #parameter));
        let blocks = AUTO_TRAITS
            .iter()
            .map(|autos| self.object_trait(&bound, autos));
        let declared = self.declared();
        quote!(#(#blocks)* #declared)
    }

    /// The trait as a type.
    fn declared(&self) -> TokenStream {
        let Context {
            private, repeated, ..
        } = self;
        let visibility = &self.visibility();
        let declared = names::declared(self.ident());
        let declaration = names::declaration(self.ident());
        let lacks_results = self.lacks_results();
        quote! {
            #repeated
            #[doc(hidden)]
            #[non_exhaustive]
            #visibility struct #declared;
            #repeated
            impl #private::DeclaredTrait for #declared {
                const LACKS_RESULTS: &'static #private::core::primitive::str = #lacks_results;
                #[inline]
                fn declaration() -> &'static #private::TraitDeclaration {
                    &#declaration
                }
            }
        }
    }

    /// The object types that get entries, each by its auto traits: every combination of
    /// those that were asked for with each of [`AUTO_TRAITS`].
    pub(super) fn object_types(&self) -> Vec<Vec<&'static str>> {
        let further = &self.input.options.auto;
        let combinations = 0..1_usize << further.len();
        combinations
            .flat_map(|combination| {
                let chosen = further.iter().enumerate();
                let chosen = chosen.filter(move |(place, _)| combination >> place & 1 == 1);
                let chosen: Vec<_> = chosen.map(|(_, name)| *name).collect();
                AUTO_TRAITS.map(|autos| autos.iter().copied().chain(chosen.clone()).collect())
            })
            .collect()
    }

    /// The trait's generics, and what an impl for its object types needs besides.
    pub(super) fn generics_of_objects(&self) -> syn::Generics {
        let mut generics = self.generics.clone();
        generics.params.push(syn::parse_quote!('__object));
        for (_, parameter, bounds) in &self.associated {
            let (of_self, plain): (Vec<_>, Vec<_>) = bounds
                .iter()
                .partition(|bound| rewrite::mentions_self(*bound));
            generics
                .params
                .push(syn::parse_quote!(#parameter: #(#plain)+*));
            if !of_self.is_empty() {
                let clause = generics.make_where_clause();
                let predicate = syn::parse_quote!(#parameter: #(#of_self)+*);
                clause.predicates.push(predicate);
            }
        }
        if generics.type_params().next().is_some() {
            // What the supertraits ask of these types, the users of the objects prove.
            let applied = &self.applied;
            let clause = generics.make_where_clause();
            clause.predicates.push(syn::parse_quote!(Self: #applied));
        }
        generics
    }

    /// `dyn Trait<…> + Send + '__object`.
    pub(super) fn object_type(&self, bound: &TokenStream, autos: &[&str]) -> TokenStream {
        let private = &self.private;
        let autos = autos.iter().map(|name| {
            let name = Ident::new(name, Span::call_site());
            quote!(+ #private::auto::#name)
        });
        quote!(dyn #bound #(#autos)* + '__object)
    }

    /// The inherent methods of one object type, `entries` among them.
    fn entries_of(
        &self,
        bound: &TokenStream,
        autos: &[&str],
        entries: &TokenStream,
    ) -> TokenStream {
        let Context {
            private, repeated, ..
        } = self;
        let visibility = &self.visibility();
        let generics = self.generics_of_objects();
        let (parameters, _, clause) = generics.split_for_impl();
        let outlives = self.outlives(&quote!(__Implementation));
        let ty = self.object_type(bound, autos);
        let shims_applied = self.shims_applied();
        let registration = names::registration();
        let object_trait = self.object_trait(bound, autos);
        // Impls name the trait, and no auto traits with it.
        let registration = autos.is_empty().then(|| {
            quote! {
                #[doc(hidden)]
                #[inline]
                #visibility fn #registration<__Implementation>()
                    -> #private::Implementation
                where
                    __Implementation: #bound + '__object,
                    #outlives
                {
                    let __vtable = #private::vtable_of_pointer(
                        #private::dangling::<__Implementation>() as *const (dyn #bound + '__object)
                    );
                    let __table = <__Implementation as #shims_applied>::__table();
                    // SAFETY: both are of this type and trait.
                    unsafe { #private::Implementation::new(__vtable, __table) }
                }
            }
        });
        quote! {
            #repeated
            impl #parameters #ty #clause {
                #entries
                #registration
            }
            #object_trait
        }
    }

    /// What an object type is to the library.
    fn object_trait(&self, bound: &TokenStream, autos: &[&str]) -> TokenStream {
        let Context {
            private, repeated, ..
        } = self;
        let mut generics = self.generics_of_objects();
        if let Some(predicate) = self.outlives(&quote!(Self)) {
            generics.make_where_clause().predicates.push(predicate);
        }
        let (parameters, _, clause) = generics.split_for_impl();
        let ty = self.object_type(bound, autos);
        let hook_applied = self.hook_applied();
        let declared = names::declared(self.ident());
        let of_bindings = cfg!(feature = "std").then(|| {
            let of_bindings = self.bound_applied(&quote!(Self));
            quote!(type __Bound<__Binding> = #of_bindings;)
        });
        quote! {
            // SAFETY: the table is the one that the receiver's own vtable leads to.
            #repeated
            unsafe impl #parameters #private::TraitObject for #ty #clause {
                #of_bindings
                type __Trait = #declared;
                #[inline]
                fn __table(&self) -> &'static #private::Table {
                    <Self as #hook_applied>::__static_dispatch_table(self)
                }
            }
        }
    }

    /// The method that `static_call!` calls.
    fn entry(&self, method: &Method) -> TokenStream {
        let Context { private, .. } = self;
        let visibility = &self.visibility();
        let shape = self.shape_on_object(method);
        let Shape {
            receiver,
            lifetimes,
            clause,
            plain_output,
            ..
        } = &shape;
        let repeated = repeated(&method.attributes);
        let attributes = method.attributes.iter().filter(|attribute| {
            ["must_use", "deprecated"]
                .iter()
                .any(|name| attribute.path().is_ident(name))
        });
        let safety = &method.signature.safety;
        let entry = self::entry(method, shape.has_arguments());
        let key = self.key(method, &quote!(Self));
        let parameters = parameters(&shape, &quote!(#private::Gate<__Site, #key>));
        let entering = self.entering(method);
        let enter = names::enter(method.ident());
        let call = shape.call_with(
            method,
            &quote!(<Self as #entering>::#enter),
            &quote!(__gate),
        );
        let predicates = clause.as_ref().map(|clause| &clause.predicates);
        quote! {
            #repeated
            #(#attributes)*
            #[doc(hidden)]
            #[inline(always)]
            #visibility #safety fn #entry <#(#lifetimes,)* __Site>(
                #receiver, #parameters
            ) #plain_output
            where
                Self: #entering,
                #predicates
            {
                #call
            }
        }
    }

    /// Stands where a method has no trampoline, so that `static_call!` on it
    /// says which attribute to add.
    fn refusing_entry(&self, method: &Method) -> TokenStream {
        let Context {
            private, applied, ..
        } = self;
        let visibility = &self.visibility();
        let shape = self.shape_on_object(method);
        let Shape {
            receiver,
            lifetimes,
            clause,
            plain_output,
            ..
        } = &shape;
        let repeated = repeated(&method.attributes);
        let safety = &method.signature.safety;
        let ident = names::quiet(method.ident());
        let entry = self::entry(method, shape.has_arguments());
        let gate = quote!(#private::Gate<__Site, #private::NotAnnotated>);
        let parameters = parameters(&shape, &gate);
        let plain = shape.call(method, &quote!(<Self as #applied>::#ident));
        let predicates = clause.as_ref().map(|clause| &clause.predicates);
        quote! {
            #repeated
            #[doc(hidden)]
            #visibility #safety fn #entry <#(#lifetimes,)* __Site>(
                #receiver, #parameters
            ) #plain_output
            where
                // Not the site: rustc would point to the argument that it is beside.
                Self: #private::AnnotatedMethod,
                #predicates
            {
                #plain
            }
        }
    }

    /// Stands where a call has arguments and the method takes none, which rustc says by
    /// the signature, or the other way round, which a bound says.
    fn miscounted_entry(&self, method: &Method) -> TokenStream {
        let Context { private, .. } = self;
        let visibility = &self.visibility();
        let shape = self.shape_on_object(method);
        let Shape {
            receiver,
            lifetimes,
            clause,
            ..
        } = &shape;
        let repeated = repeated(&method.attributes);
        let has_arguments = shape.has_arguments();
        let entry = self::entry(method, !has_arguments);
        let count = shape.arguments.len();
        let (bound, gate) = has_arguments
            .then(|| (quote!(__Gate: #private::Takes<#count>), quote!(_: __Gate)))
            .unzip();
        quote! {
            #repeated
            #[doc(hidden)]
            #[allow(single_use_lifetimes, unused_lifetimes)]
            #visibility fn #entry <#(#lifetimes,)* #bound>(#receiver, #gate) -> ! #clause {
                #private::core::unreachable!()
            }
        }
    }
}

/// The name of the method's entry, at the method's place.
fn entry(method: &Method, has_arguments: bool) -> Ident {
    names::located(&method.title, &names::entry(&method.title, has_arguments))
}

/// What an entry takes: the gate beside the method's first argument, or by itself.
fn parameters(shape: &Shape, gate: &TokenStream) -> TokenStream {
    let rest = shape.plain_parameters.iter().skip(1);
    let first = shape.first_type.iter().zip(&shape.arguments).next();
    first.map_or_else(
        || quote!(__gate: #gate),
        |(ty, name)| quote!((__gate, #name): (#gate, #ty) #(, #rest)*),
    )
}

//! The expansion of `object = FastCodec`: a second trait, whose objects dispatch in
//! plain method-call syntax. Only the type's name changes where they are used:
//!
//! 1. `trait FastCodec` has the trait's supertraits, generics and associated types,
//!    and per method one that *forwards* to it, under a hidden name. It is dispatched
//!    like any annotated trait;
//! 2. it is implemented for every sized implementor of the trait;
//! 3. its object types have inherent methods with the users' names, which lead
//!    through one call site per annotated method, or else to the vtable;
//! 4. its object types implement the trait, the same way, so that generic code
//!    takes them.
//!
//! `trait FastCodec: Codec` would not do: an object type implements its supertraits
//! by its vtable, and no other implementation may stand beside that.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::token::Semi;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, FnArg, FnModifiers, Generics, ItemTrait, Pat, ReceiverKind, Signature, TraitItem,
    TraitItemFn, TraitItemType, TypeParamBound, TypePath, WhereClause, WherePredicate, parse_quote,
};

use super::context::{Context, repeated};
use super::dispatching::dispatching;
use crate::ast::{Method, Trait};
use crate::attr::{ItemOptions, MethodOptions};
use crate::{names, rewrite};

/// The object trait of the trait in `context`, and all that belongs to it.
pub(super) fn expand(context: &Context<'_>, name: &Ident) -> TokenStream {
    let input = declared(context, name);
    let object = Context::new(&input, context.layout);
    let pair = Pair {
        of: context,
        object: &object,
    };
    let blanket = pair.blanket();
    let sites = pair.sites();
    // The same for all object types, and so written once. What documentation shows is the
    // plain one.
    let (shown, hidden) = (pair.methods(true), pair.methods(false));
    let implemented = pair.implemented();
    let objects = object.object_types();
    let objects = objects.iter().map(|autos| {
        let methods = if autos.is_empty() { &shown } else { &hidden };
        let methods = pair.inherent(autos, methods);
        let implementation = pair.implementation(autos, &implemented);
        quote!(#methods #implementation)
    });
    let objects: TokenStream = objects.collect();
    let dispatching = dispatching(input, context.layout);
    quote!(#dispatching #blanket #sites #objects)
}

/// The object trait as if its author had written it.
fn declared(context: &Context<'_>, name: &Ident) -> Trait {
    let source = &context.input.item;
    let forwarded: Vec<_> = context
        .input
        .on_objects()
        .map(|method| Method {
            signature: forwarding(context, name, method),
            title: method.title.clone(),
            attributes: method.attributes.clone(),
            options: Some(match method.dispatched() {
                None => MethodOptions::Skip,
                Some(dispatched) => MethodOptions::Dispatch {
                    targets: dispatched.targets,
                    inline: dispatched.inline.to_vec(),
                    none: dispatched.none.cloned().map(Box::new),
                },
            }),
        })
        .collect();
    let types = context.associated_types().map(|ty| {
        TraitItem::Type(TraitItemType {
            attrs: quiet_attributes(&ty.attrs, &["doc"]),
            default: None,
            ..ty.clone()
        })
    });
    let methods = forwarded.iter().map(|method| {
        let mut attrs = quiet_attributes(&method.attributes, &["track_caller"]);
        attrs.push(parse_quote!(#[doc(hidden)]));
        TraitItem::Fn(TraitItemFn {
            attrs,
            modifiers: FnModifiers::default(),
            sig: method.signature.clone(),
            default: None,
            semi_token: Some(Semi::default()),
        })
    });
    let doc = format!(
        "[`{0}`], with objects whose annotated methods are called through call sites of their \
         own, in plain method-call syntax.\n\nImplemented for every `{0}`; its objects are \
         `{0}` themselves.{1}",
        context.ident(),
        if source.unsafety.is_some() {
            "\n\n# Safety\nWhat the trait itself asks for."
        } else {
            ""
        },
    );
    // Not the user's `pub`: what lints say of that they say once.
    let visibility = names::spanned(source.vis.to_token_stream(), |span| {
        Span::call_site().located_at(span)
    });
    let mut attrs = quiet_attributes(&source.attrs, &[]);
    attrs.push(parse_quote!(#[doc = #doc]));
    if source.unsafety.is_some() {
        // Clippy overlooks documentation that a macro wrote.
        attrs.push(parse_quote!(#[allow(clippy::missing_safety_doc)]));
    }
    Trait {
        item: ItemTrait {
            attrs,
            vis: syn::parse2(visibility).expect("it was one before"),
            ident: name.clone(),
            items: types.chain(methods).collect(),
            unsafety: source
                .unsafety
                .map(|token| syn::token::Unsafe(Span::call_site().located_at(token.span))),
            trait_token: syn::token::Trait(Span::call_site().located_at(source.trait_token.span)),
            ..source.clone()
        },
        options: ItemOptions {
            krate: context.input.options.krate.clone(),
            supertrait: context.input.options.supertrait.clone(),
            auto: context.input.options.auto.clone(),
            same_supertraits: context.input.options.same_supertraits,
            ..ItemOptions::default()
        },
        methods: forwarded,
    }
}

/// The signature of the method that stands for `method` in the object trait.
fn forwarding(context: &Context<'_>, object: &Ident, method: &Method) -> Signature {
    let mut signature = anonymous(method);
    signature.ident = names::forwarding(method.ident());
    let mut requalify = Requalify {
        from: context.ident(),
        to: object,
    };
    requalify.visit_signature_mut(&mut signature);
    signature
}

/// `<Self as Codec>::Frame` to `<Self as FastCodec>::Frame`, because the object trait
/// does not require `Codec`.
struct Requalify<'a> {
    from: &'a Ident,
    to: &'a Ident,
}

impl VisitMut for Requalify<'_> {
    fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
        if let Some(qself) = &ty.qself
            && rewrite::is_self(&qself.ty)
            && let Some(index) = qself.position.checked_sub(1)
            && ty.path.segments[index].ident == *self.from
        {
            let mut segment = ty.path.segments[index].clone();
            segment.ident = self.to.clone();
            let rest = ty.path.segments.iter().skip(index + 1);
            *ty = parse_quote!(<Self as #segment> #(:: #rest)*);
        }
        syn::visit_mut::visit_type_path_mut(self, ty);
    }
}

/// The signature with its arguments named by their place, whatever their patterns.
fn anonymous(method: &Method) -> Signature {
    let mut signature = method.signature.clone();
    let mut place = 0;
    let is_foreign = signature.abi.is_some();
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                receiver.attrs.clear();
                // As it is used: the user's token may be of another context.
                receiver.self_token.span = names::own(receiver.self_token.span);
                // Not the user's token: an object is no type for C, which rustc
                // would say of each object type.
                if let (true, ReceiverKind::Reference(and, ..)) = (is_foreign, &mut receiver.kind) {
                    and.span = names::own(and.span);
                }
                receiver.mutability = None;
            }
            FnArg::Typed(argument) => {
                argument.attrs.clear();
                let name = argument_name(place);
                *argument.pat = Pat::Verbatim(name.into_token_stream());
                place += 1;
            }
        }
    }
    signature
}

fn argument_name(place: usize) -> Ident {
    Ident::new(&format!("__argument{place}"), Span::call_site())
}

/// The attributes that generated items repeat, and those named `besides`.
fn quiet_attributes(attributes: &[Attribute], besides: &[&str]) -> Vec<Attribute> {
    let repeated = Attribute::parse_outer
        .parse2(repeated(attributes))
        .expect("these are attributes");
    let besides = named(attributes, besides).cloned();
    repeated.into_iter().chain(besides).collect()
}

fn named<'a>(
    attributes: &'a [Attribute],
    names: &'a [&str],
) -> impl Iterator<Item = &'a Attribute> {
    attributes
        .iter()
        .filter(|attribute| names.iter().any(|name| attribute.path().is_ident(name)))
}

/// The annotated trait and its object trait.
struct Pair<'a> {
    of: &'a Context<'a>,
    object: &'a Context<'a>,
}

impl Pair<'_> {
    /// `impl<T: Codec> FastCodec for T`.
    fn blanket(&self) -> TokenStream {
        let Context {
            applied, repeated, ..
        } = self.of;
        let item = &self.object.input.item;
        let unsafety = &item.unsafety;
        let object_applied = &self.object.applied;
        let mut generics = item.generics.clone();
        generics
            .params
            .push(parse_quote!(__Implementation: #applied));
        let (parameters, _, clause) = generics.split_for_impl();
        let types = self.of.associated_types().map(|ty| {
            let attributes = self::repeated(&ty.attrs);
            let ident = &ty.ident;
            quote!(#attributes type #ident = <__Implementation as #applied>::#ident;)
        });
        let methods = self.both().map(|(method, forwarding)| {
            let attributes = self::repeated(&method.attributes);
            let signature = &forwarding.signature;
            let ident = names::quiet(method.ident());
            let call = call(signature, &quote!(<Self as #applied>::#ident));
            quote!(#attributes #[inline] #signature { #call })
        });
        quote! {
            #repeated
            #unsafety impl #parameters #object_applied for __Implementation #clause {
                #(#types)*
                #(#methods)*
            }
        }
    }

    /// The call sites: hidden inherent methods of `dyn FastCodec`, one for each
    /// annotated method. Whatever object type a call comes from, it passes here.
    fn sites(&self) -> TokenStream {
        let Context {
            private, repeated, ..
        } = self.object;
        let krate = self
            .object
            .input
            .options
            .krate
            .as_ref()
            .map_or_else(|| quote!(::static_call), ToTokens::to_token_stream);
        let visibility = &self.object.input.item.vis;
        let ty = self.object_type(&[]);
        let generics = self.generics();
        let (parameters, _, clause) = generics.split_for_impl();
        let dispatched = self.object.input.dispatched();
        let methods = dispatched.map(|dispatched| {
            let method = dispatched.method;
            let attributes = self::repeated(&method.attributes);
            let name = names::site_of(&method.title);
            let head = self.head(method, &name);
            let title = names::quiet(&method.title);
            let arguments = method.arguments().enumerate();
            let arguments = arguments.map(|(place, _)| argument_name(place));
            let call = if cfg!(feature = "std") {
                // The report shows the place of the macro call: the method's name.
                let here = |tokens| names::spanned(tokens, |_| method.title.span());
                let start = here(quote!(#private::calls_annotated_dyn__call_others_plainly!));
                let krate = here(quote!((#krate)));
                let input = quote!(#krate self.#title(#(#arguments),*));
                let mut input = Group::new(Delimiter::Parenthesis, input);
                input.set_span(method.title.span());
                quote!(#start #input)
            } else {
                let ident = method.ident();
                let applied = &self.object.applied;
                quote!(<Self as #applied>::#ident(self #(, #arguments)*))
            };
            let call = in_unsafe(&method.signature, call);
            quote! {
                #attributes
                #[doc(hidden)]
                #[inline(always)]
                #visibility #head { #call }
            }
        });
        quote! {
            #repeated
            impl #parameters #ty #clause {
                #(#methods)*
            }
        }
    }

    /// The methods that users call, on one object type.
    fn inherent(&self, autos: &[&str], methods: &TokenStream) -> TokenStream {
        let repeated = &self.object.repeated;
        let ty = self.object_type(autos);
        let generics = self.generics();
        let (parameters, _, clause) = generics.split_for_impl();
        quote! {
            #repeated
            impl #parameters #ty #clause {
                #methods
            }
        }
    }

    /// The methods that users call.
    fn methods(&self, are_shown: bool) -> TokenStream {
        let visibility = &self.object.input.item.vis;
        let methods = self.object.input.methods.iter().map(|method| {
            let kept: &[&str] = if are_shown {
                &["doc", "must_use", "deprecated", "track_caller"]
            } else {
                &["must_use", "deprecated", "track_caller"]
            };
            let attributes = quiet_attributes(&method.attributes, kept);
            let hidden = (!are_shown).then(|| quote!(#[doc(hidden)]));
            let head = self.head(
                method,
                &names::located(&method.title, &method.title.to_string()),
            );
            let call = self.forward(method);
            quote! {
                #(#attributes)*
                #hidden
                #[inline(always)]
                #visibility #head { #call }
            }
        });
        methods.collect()
    }

    /// `impl Codec for dyn FastCodec`.
    fn implementation(&self, autos: &[&str], items: &TokenStream) -> TokenStream {
        let Context {
            applied, repeated, ..
        } = self.of;
        let unsafety = &self.of.input.item.unsafety;
        let ty = self.object_type(autos);
        let mut generics = self.generics();
        self.require_supertraits(generics.make_where_clause());
        let (parameters, _, clause) = generics.split_for_impl();
        quote! {
            #repeated
            #unsafety impl #parameters #applied for #ty #clause {
                #items
            }
        }
    }

    /// What stands in that impl.
    fn implemented(&self) -> TokenStream {
        let types = self.of.associated_types().zip(&self.object.associated);
        let types = types.map(|(ty, (name, parameter, _))| {
            let attributes = self::repeated(&ty.attrs);
            quote!(#attributes type #name = #parameter;)
        });
        let methods = self.both().map(|(method, forwarding)| {
            let attributes = self::repeated(&method.attributes);
            let signature = Signature {
                ident: names::quiet(method.ident()),
                ..anonymous(method)
            };
            let call = self.forward(forwarding);
            quote!(#attributes #[inline(always)] #signature { #call })
        });
        quote!(#(#types)* #(#methods)*)
    }

    /// Leaves it to the users of an object type to prove that it has the trait's
    /// supertraits: `dyn FastCodec + 'a: Any` holds for some lifetimes only.
    fn require_supertraits(&self, clause: &mut WhereClause) {
        let item = &self.of.input.item;
        let of_self = item.generics.where_clause.iter();
        let of_self = of_self.flat_map(|clause| &clause.predicates);
        let of_self =
            of_self.filter(|predicate: &&WherePredicate| rewrite::mentions_self(*predicate));
        clause.predicates.extend(of_self.cloned());
        let bounds = item.supertraits.iter().filter(|bound| match bound {
            TypeParamBound::Trait(bound) => bound.maybe.is_none(),
            TypeParamBound::Lifetime(_) => true,
            _ => false,
        });
        let bounds: Vec<_> = bounds.collect();
        if !bounds.is_empty() {
            clause.predicates.push(parse_quote!(Self: #(#bounds)+*));
        }
    }

    /// The call of a method of the object trait: through its site, or the vtable.
    fn forward(&self, method: &Method) -> TokenStream {
        let target = if method.dispatched().is_some() {
            let ty = self.object_type(&[]);
            let name = names::site_of(&method.title);
            quote!(<#ty>::#name)
        } else {
            let (applied, name) = (&self.object.applied, method.ident());
            quote!(<Self as #applied>::#name)
        };
        call(&method.signature, &target)
    }

    /// `unsafe fn name<'a>(&self, …) -> …` for an inherent method of an object type.
    fn head(&self, method: &Method, name: &Ident) -> TokenStream {
        let shape = self.object.shape_on_object(method);
        let safety = &method.signature.safety;
        let (receiver, lifetimes) = (&shape.receiver, &shape.lifetimes);
        let (parameters, output, clause) =
            (&shape.plain_parameters, &shape.plain_output, &shape.clause);
        quote! {
            #safety fn #name <#(#lifetimes),*>(#receiver #(, #parameters)*) #output #clause
        }
    }

    /// Those of every impl for an object type. All of them call the plain one.
    fn generics(&self) -> Generics {
        let mut generics = self.object.generics_of_objects();
        if generics.type_params().next().is_some() {
            let (plain, applied) = (self.object_type(&[]), &self.object.applied);
            let clause = generics.make_where_clause();
            clause.predicates.push(parse_quote!(#plain: #applied));
        }
        generics
    }

    fn object_type(&self, autos: &[&str]) -> TokenStream {
        let bound = self
            .object
            .bound_with(|(name, parameter, _)| quote!(#name = #parameter));
        self.object.object_type(&bound, autos)
    }

    /// Each method that objects have, with the one that stands for it.
    fn both(&self) -> impl Iterator<Item = (&Method, &Method)> {
        self.of.input.on_objects().zip(&self.object.input.methods)
    }
}

/// `target(self, __argument0, …)`.
fn call(signature: &Signature, target: &TokenStream) -> TokenStream {
    let arguments = (0..signature.inputs.len() - 1).map(argument_name);
    in_unsafe(signature, quote!(#target(self #(, #arguments)*)))
}

fn in_unsafe(signature: &Signature, call: TokenStream) -> TokenStream {
    if rewrite::is_unsafe(signature) {
        quote!(unsafe { #call })
    } else {
        call
    }
}

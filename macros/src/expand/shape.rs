//! A method's signature, taken apart.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use crate::ast::Method;
use crate::{names, rewrite};

/// A method's signature, taken apart for the functions generated from it.
pub(super) struct Shape {
    pub(super) receiver: TokenStream,
    pub(super) lifetimes: Vec<TokenStream>,
    pub(super) clause: Option<syn::WhereClause>,
    /// The result is `!`.
    pub(super) diverges: bool,
    /// Parameters without the receiver, and the result, as the user wrote them.
    pub(super) plain_parameters: Vec<TokenStream>,
    pub(super) plain_output: TokenStream,
    /// Of the first argument, as the user wrote it.
    pub(super) first_type: Option<syn::Type>,
    pub(super) arguments: Vec<Ident>,
}

impl Shape {
    /// `by` says what to write for `Self::Name`, if anything else.
    pub(super) fn new(method: &Method, by: &dyn Fn(&Ident) -> Option<TokenStream>) -> Shape {
        let qualified = |ty: &syn::Type| {
            let mut ty = ty.clone();
            rewrite::replace_associated(&mut ty, by);
            ty
        };
        let mut clause = method.signature.generics.where_clause.clone();
        if let Some(clause) = &mut clause {
            rewrite::replace_associated(clause, by);
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
            diverges: false,
            plain_parameters: Vec::new(),
            plain_output: TokenStream::new(),
            first_type: None,
            arguments: Vec::new(),
        };
        for (index, ty) in method.arguments().enumerate() {
            let ty = qualified(ty);
            let name = Ident::new(&format!("__argument{index}"), Span::call_site());
            shape.plain_parameters.push(quote!(#name: #ty));
            if index == 0 {
                shape.first_type = Some(ty);
            }
            shape.arguments.push(name);
        }
        let mut output = method.signature.output.clone();
        if let syn::ReturnType::Type(_, ty) = &mut output {
            **ty = qualified(ty);
        }
        if let syn::ReturnType::Type(_, ty) = &output {
            shape.diverges = matches!(**ty, syn::Type::Never(_));
        }
        shape.plain_output = output.to_token_stream();
        shape
    }

    pub(super) fn has_arguments(&self) -> bool {
        !self.arguments.is_empty()
    }

    /// The type of what trampolines lead to as a function pointer, its parts inferred,
    /// where the receiver is this many parameters.
    pub(super) fn inferred_signature(&self, of_receiver: usize) -> TokenStream {
        let parameters = std::iter::repeat_n(quote!(_), of_receiver + self.arguments.len());
        let output = if self.diverges { quote!(!) } else { quote!(_) };
        quote!(unsafe fn(#(#parameters),*) -> #output)
    }

    /// The plain call of `function` with the receiver and all arguments.
    pub(super) fn call(&self, method: &Method, function: &TokenStream) -> TokenStream {
        let arguments = &self.arguments;
        unsafe_if(method, quote!(#function(self #(, #arguments)*)))
    }

    /// The same with one more argument after the receiver.
    pub(super) fn call_with(
        &self,
        method: &Method,
        function: &TokenStream,
        more: &TokenStream,
    ) -> TokenStream {
        let arguments = &self.arguments;
        unsafe_if(method, quote!(#function(self, #more #(, #arguments)*)))
    }

    /// The same of a hidden function, which is unsafe whatever the method is.
    pub(super) fn call_hidden(&self, function: &TokenStream, more: &TokenStream) -> TokenStream {
        let arguments = &self.arguments;
        quote!(unsafe { #function(self, #more #(, #arguments)*) })
    }

    /// The plain call on the value behind the receiver, whose type is `ty`.
    pub(super) fn call_on(
        &self,
        method: &Method,
        function: &TokenStream,
        private: &TokenStream,
        ty: &Ident,
    ) -> TokenStream {
        let arguments = &self.arguments;
        let ty_of_self = method.receiver().map(rewrite::type_of);
        let ty_of_self = ty_of_self.as_ref();
        let pinned = ty_of_self.and_then(rewrite::pinned);
        // Also `self: &mut Self`.
        let exclusive = pinned
            .or(ty_of_self)
            .is_some_and(|ty| matches!(ty, syn::Type::Reference(ty) if ty.mutability.is_some()));
        let assume = match (pinned.is_some(), exclusive) {
            (false, false) => "assume",
            (false, true) => "assume_mut",
            (true, false) => "assume_pinned",
            (true, true) => "assume_pinned_mut",
        };
        let assume = Ident::new(assume, Span::call_site());
        // SAFETY (of the expansion): the guard has compared the vtable.
        let value = quote!(unsafe { #private::#assume::<#ty, Self>(self) });
        let call = quote!(#function(__value #(, #arguments)*));
        let call = unsafe_if(method, call);
        quote!({ let __value = #value; #call })
    }
}

/// The call in a block of its own where the method is unsafe.
fn unsafe_if(method: &Method, call: TokenStream) -> TokenStream {
    if rewrite::is_unsafe(&method.signature) {
        quote!(unsafe { #call })
    } else {
        call
    }
}

/// The receiver without a `mut` binding, which only the user's body needs, and as the
/// macro's own word, as which its uses are written: the user's may be of another context.
fn receiver(method: &Method) -> TokenStream {
    let mut receiver = method
        .receiver()
        .expect("valid::method refused methods without a receiver")
        .clone();
    receiver.attrs.clear();
    receiver.self_token.span = names::own(receiver.self_token.span);
    receiver.mutability = None;
    receiver.into_token_stream()
}

//! A method's signature, taken apart.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use super::context::Context;
use crate::abi::{self, Argument, Output};
use crate::ast::Method;
use crate::rewrite;

/// A method's signature, taken apart for the functions generated from it.
pub(super) struct Shape {
    pub(super) receiver: TokenStream,
    pub(super) lifetimes: Vec<TokenStream>,
    pub(super) clause: Option<syn::WhereClause>,
    /// `, __out: *mut ()` where the result is written.
    pub(super) written: Option<TokenStream>,
    pub(super) output_is_written: bool,
    /// The result is `!`.
    pub(super) diverges: bool,
    /// Parameters of the `extern` functions, without receiver and `__out`.
    pub(super) parameters: Vec<TokenStream>,
    /// Result of the `extern` functions.
    pub(super) output: TokenStream,
    /// Parameters and result as the user wrote them.
    pub(super) plain_parameters: Vec<TokenStream>,
    pub(super) plain_output: TokenStream,
    /// Of the first argument, as the user wrote it.
    pub(super) first_type: Option<syn::Type>,
    /// Names of all arguments, and of those passed by address.
    pub(super) arguments: Vec<Ident>,
    pub(super) moved: Vec<Ident>,
}

impl Shape {
    /// `by` says what to write for `Self::Name`, if anything else.
    pub(super) fn new(
        context: &Context<'_>,
        method: &Method,
        by: &dyn Fn(&Ident) -> Option<TokenStream>,
    ) -> Shape {
        let private = &context.private;
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
            written: None,
            output_is_written: false,
            diverges: false,
            parameters: Vec::new(),
            output: TokenStream::new(),
            plain_parameters: Vec::new(),
            plain_output: TokenStream::new(),
            first_type: None,
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

    pub(super) fn has_arguments(&self) -> bool {
        !self.arguments.is_empty()
    }

    /// The type of the `extern` functions as a function pointer, its parts inferred.
    pub(super) fn inferred_signature(&self) -> TokenStream {
        let parameters = 1 + usize::from(self.output_is_written) + self.parameters.len();
        let parameters = std::iter::repeat_n(quote!(_), parameters);
        let output = if self.diverges { quote!(!) } else { quote!(_) };
        quote!(unsafe extern "C-unwind" fn(#(#parameters),*) -> #output)
    }

    /// The type of the function for recorded calls, as a function pointer.
    pub(super) fn inferred_signature_of_learning(&self) -> TokenStream {
        let parameters = std::iter::repeat_n(quote!(_), 3 + self.arguments.len());
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
        let ty_of_self = method.receiver().map(|receiver| &*receiver.ty);
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

    /// The parameters of one `extern` function as it hands them to another.
    pub(super) fn passed_on(&self) -> Vec<TokenStream> {
        let out = self.output_is_written.then(|| quote!(__out));
        let arguments = self.arguments.iter().map(ToTokens::to_token_stream);
        std::iter::once(quote!(self))
            .chain(out)
            .chain(arguments)
            .collect()
    }

    /// The arguments as an entry hands them to a trampoline.
    pub(super) fn passed(&self) -> Vec<TokenStream> {
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

/// The call in a block of its own where the method is unsafe.
fn unsafe_if(method: &Method, call: TokenStream) -> TokenStream {
    if method.signature.unsafety.is_some() {
        quote!(unsafe { #call })
    } else {
        call
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

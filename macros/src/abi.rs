//! How arguments and results travel through a trampoline.
//!
//! A trampoline is `extern "C-unwind"` and its first parameter is the receiver,
//! a wide reference: on every supported target the C ABI puts its two words into
//! the first two argument registers, data before vtable, **unless** a hidden
//! return pointer takes the first one. So nothing that could need one is ever
//! returned: a result whose type is not known from its spelling to fit the return
//! registers goes through an explicit pointer after the receiver. Arguments
//! cannot move the receiver, but their C ABI may not exist (SIMD vectors) or may
//! copy (large structs), so whatever is not a scalar or a reference is passed by
//! the address of the caller's value, from which the shim moves it out.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{ReturnType, Type, TypePath};

/// How one argument is passed.
pub(crate) enum Argument {
    /// As it is; the tokens name its type.
    Direct(TokenStream),
    /// As the address of a value that the callee moves out.
    Moved,
}

/// How the result comes back.
pub(crate) enum Output {
    /// In registers, or not at all; the tokens are `-> Type` or nothing.
    Direct(TokenStream),
    /// Written through a pointer that follows the receiver.
    Written,
}

/// Classifies an argument type. `private` is the path of `static_call::__private`.
pub(crate) fn argument(ty: &Type, private: &TokenStream) -> Argument {
    match in_registers(ty, private) {
        Some(tokens) => Argument::Direct(tokens),
        None => Argument::Moved,
    }
}

/// Classifies a result type.
pub(crate) fn output(output: &ReturnType, private: &TokenStream) -> Output {
    let ReturnType::Type(arrow, ty) = output else {
        return Output::Direct(TokenStream::new());
    };
    match &**ty {
        Type::Tuple(tuple) if tuple.elems.is_empty() => Output::Direct(TokenStream::new()),
        Type::Never(never) => Output::Direct(quote!(#arrow #never)),
        ty => match in_registers(ty, private) {
            Some(tokens) => Output::Direct(quote!(#arrow #tokens)),
            None => Output::Written,
        },
    }
}

/// Types known by their spelling to be one or two integer registers or one
/// floating-point register. A primitive is named by its full path: a user's own
/// `struct u32` then is a type error and not a misplaced register.
fn in_registers(ty: &Type, private: &TokenStream) -> Option<TokenStream> {
    const PRIMITIVES: [&str; 16] = [
        "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
        "i128", "isize", "f32", "f64",
    ];
    match ty {
        Type::Reference(_) | Type::Ptr(_) => Some(ty.to_token_stream()),
        Type::Path(TypePath { qself: None, path }) => {
            let ident = path.get_ident()?;
            let primitive = PRIMITIVES.iter().any(|name| ident == name);
            primitive.then(|| {
                let ident = crate::names::quiet(ident);
                quote!(#private::core::primitive::#ident)
            })
        }
        Type::Paren(paren) => in_registers(&paren.elem, private),
        Type::Group(group) => in_registers(&group.elem, private),
        _ => None,
    }
}

//! What several expansions write: paths to the runtime, and errors.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Error, Path};

use crate::attr;

/// The crate's path, as the attribute gives it.
pub(super) fn krate(attribute: &TokenStream) -> TokenStream {
    let (options, _) = attr::parse_item(attribute.clone(), false);
    let krate = options.krate.as_ref();
    krate.map_or_else(|| quote!(::static_call), ToTokens::to_token_stream)
}

/// The item as written and the error beside it, so that one mistake stays one message.
pub(super) fn with_error(item: &impl ToTokens, error: Error) -> TokenStream {
    let error = error.into_compile_error();
    quote!(#item #error)
}

/// All errors as one, or [`None`].
pub(super) fn combined(errors: Vec<Error>) -> Option<Error> {
    errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    })
}

/// Without the runtime nothing is called by the path that was given, whose import would then
/// not be used.
pub(super) fn path_is_used(krate: Option<&Path>) -> Option<TokenStream> {
    krate.map(|path| quote!(const _: () = #path::__private::USED;))
}

/// The path of `static_call::__private` as the user's crate sees it.
pub(super) fn private_path(krate: Option<&Path>) -> TokenStream {
    krate.map_or_else(
        || quote!(::static_call::__private),
        |path| quote!(#path::__private),
    )
}

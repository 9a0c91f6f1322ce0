//! A trait that is right, and what makes its methods dispatch. Beside the trait, which
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

use proc_macro2::TokenStream;
use quote::quote;

use super::context::Context;
use crate::ast::Trait;

/// The trait, and what makes its methods dispatch.
pub(super) fn dispatching(mut input: Trait, layout: u64) -> TokenStream {
    let context = Context::new(&input, layout);
    // Without the runtime there are no call sites: `specialize!` asks objects for their type,
    // and that is all.
    let hidden = if cfg!(not(feature = "std")) {
        vec![
            context.declaration(),
            context.hook(),
            context.shims(),
            context.objects(),
            // They are to implement the trait, and their imports are to be used.
            context.listed_types(),
        ]
    } else {
        vec![
            context.declaration(),
            context.hook(),
            context.shims(),
            context.keys(),
            context.guards(),
            context.listed_types(),
            context.entries(),
            context.bound(),
        ]
    };
    let upcasts = cfg!(feature = "std").then(|| context.upcasts());
    let hook = context.hook_applied();
    input.item.colon_token.get_or_insert_with(Default::default);
    input.item.supertraits.push(syn::parse_quote!(#hook));
    let item = &input.item;
    quote!(#item #(#hidden)* #upcasts)
}

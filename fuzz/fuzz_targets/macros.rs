//! The macros on any source: an attribute's options, a NUL, and an item or a call.
#![no_main]
#![allow(dead_code, unreachable_pub)]

use libfuzzer_sys::fuzz_target;
use proc_macro2::TokenStream;

#[path = "../../macros/src/ast.rs"]
mod ast;
#[path = "../../macros/src/attr.rs"]
mod attr;
#[path = "../../macros/src/expand/mod.rs"]
mod expand;
#[path = "../../macros/src/list.rs"]
mod list;
#[path = "../../macros/src/names.rs"]
mod names;
#[path = "../../macros/src/outlives.rs"]
mod outlives;
#[path = "../../macros/src/regroup.rs"]
mod regroup;
#[path = "../../macros/src/rewrite.rs"]
mod rewrite;
#[path = "../../macros/src/valid.rs"]
mod valid;

fuzz_target!(|source: &str| {
    let (options, item) = source.split_once('\0').unwrap_or(("", source));
    // syn descends recursively, as rustc's parser does, which refuses this depth.
    let depth = |c: &char| "([{<&*-!".contains(*c);
    if source.chars().filter(depth).count() > 200 {
        return;
    }
    let (Ok(options), Ok(item)) = (options.parse::<TokenStream>(), item.parse::<TokenStream>())
    else {
        return;
    };
    let item = regroup::with_parentheses(item);
    let _ = expand::static_dispatch(options.clone(), &item);
    let _ = expand::static_call(item.clone());
    let krate: TokenStream = "(::static_call)".parse().expect("tokens");
    let input: TokenStream = krate.into_iter().chain(item).collect();
    let _ = expand::static_call(input.clone());
    let _ = expand::plain_call(input.clone());
    let _ = expand::binding(input.clone());
    let _ = expand::specialize(input);
});

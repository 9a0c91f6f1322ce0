//! The page that shows what expands, kept true: written anew and compared.
//!
//! After a change that is meant, write it and read what changed:
//!
//! ```sh
//! EXPANSION=overwrite cargo test -p static-call-macros --all-features
//! git diff runtime/docs/expansion.md
//! ```

use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{File, Item, ItemMacro, Type, TypeParamBound};

use crate::expand;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/docs/expansion.md");

#[test]
fn the_page_shows_what_the_macros_write() {
    let page = page();
    let path = Path::new(PAGE);
    if std::env::var_os("EXPANSION").is_some_and(|wish| wish == "overwrite") {
        std::fs::write(path, &page).expect("the page can be written");
    }
    let stands = std::fs::read_to_string(path).expect("the page is there");
    for (number, (stands, page)) in stands.lines().zip(page.lines()).enumerate() {
        assert_eq!(stands, page, "line {} of {PAGE}", number + 1);
    }
    assert_eq!(stands.lines().count(), page.lines().count(), "{PAGE}");
}

fn page() -> String {
    let written = quote! {
        pub trait Shape {
            #[static_dispatch(targets = 2)]
            fn area(&self, scale: f64) -> f64;
            fn name(&self) -> String;
        }
    };
    let call = quote!(shape.area(2.0));
    let (items, left_out) = shortened(&expand::static_dispatch(quote!(), &written));
    let attributed = quote!(#[static_dispatch] #written);
    let expanded = expand::static_call(quote!((::static_call) #call));
    let caller = quote! {
        fn caller(shape: &dyn Shape) -> f64 {
            #expanded
        }
    };
    format!(
        "\
## What expands

The trait

```text
{written}```

becomes this, where `private` stands for `::static_call::__private`. `rest!` writes a method's naked function, \
and everything else that is called stands in that module, where it can be read. The \
blocks for `dyn Shape` stand once more for `dyn Shape + Send`, `dyn Shape + Sync` and both; these {left_out} are \
left out here.

```text
{items}```

And `static_call!(shape.area(2.0))` becomes the same method call, by another method's name and with \
the call site beside its first argument:

```text
{call}```

`site!` is `macro_rules!`; `SITES!` puts the static into the slice of all call sites, and `trampoline!` writes \
the naked function that is patched:

```text
{site}```
",
        written = prettyplease::unparse(&file(&attributed)),
        items = unparse(items),
        call = prettyplease::unparse(&file(&caller)),
        site = items_of_a_site(),
    )
}

/// What `site!` writes, as it stands in the runtime.
fn items_of_a_site() -> String {
    const TEMPLATES: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../runtime/src/trampoline.rs"
    ));
    let from = TEMPLATES
        .find("macro_rules! site {")
        .expect("the macro is there");
    let rule = TEMPLATES[from..].lines().skip(2);
    let body = rule.take_while(|line| *line != "    };");
    let lines = body.map(|line| line.strip_prefix("        ").unwrap_or(line));
    lines.fold(String::new(), |text, line| {
        text + &line.replace("$crate::__private", "private") + "\n"
    })
}

/// With the one path that is everywhere in it abbreviated.
fn file(tokens: &TokenStream) -> File {
    let tokens = tokens.to_string();
    let text = tokens.replace(":: static_call :: __private", "private");
    assert_ne!(tokens.contains("__private"), tokens == text, "{tokens}");
    syn::parse_str(&text).expect("what expands are items")
}

/// Lays items out, and also those that the macro of a slice is handed.
fn unparse(file: File) -> String {
    let one = |item: Item| {
        let file = File {
            items: vec![item],
            ..syn::parse_quote!()
        };
        prettyplease::unparse(&file)
    };
    let items = file.items.into_iter().map(|item| match item {
        Item::Macro(ItemMacro { mac, .. }) => {
            let collected = mac
                .parse_body::<File>()
                .expect("a slice's macro has an item");
            let attribute = &collected.attrs[0];
            let lines: String = collected.items.into_iter().map(one).collect();
            let lines = lines
                .lines()
                .fold(String::new(), |text, line| text + "    " + line + "\n");
            let (path, attribute) = (&mac.path, quote!(#attribute));
            let head = quote!(#path).to_string().replace(' ', "");
            let attribute = attribute.to_string().replace(' ', "").replace('=', " = ");
            format!("{head}! {{\n    {attribute}\n{lines}}}\n")
        }
        item => one(item),
    });
    items.collect()
}

/// Without the blocks that repeat those of the plain object type, and how many these
/// are.
fn shortened(tokens: &TokenStream) -> (File, usize) {
    let mut file = file(tokens);
    let all = file.items.len();
    file.items.retain(|item| !is_for_an_auto_trait(item));
    let left_out = all - file.items.len();
    (file, left_out)
}

/// `impl … dyn Shape + Send + '__object`.
fn is_for_an_auto_trait(item: &Item) -> bool {
    let Item::Impl(item) = item else { return false };
    let Type::TraitObject(ty) = &*item.self_ty else {
        return false;
    };
    let traits = ty.bounds.iter();
    let traits = traits.filter(|bound| matches!(bound, TypeParamBound::Trait(_)));
    traits.count() > 1
}

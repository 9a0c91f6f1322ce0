//! The macros on inputs that nobody means to write: they may refuse, and they
//! never panic. Outside of a procedural macro `proc_macro2` has tokens of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, TokenStream, TokenTree};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::{expand, regroup};

#[cfg(feature = "std")]
mod expansion;
mod floors;
mod valid_inputs;

use valid_inputs::{ATTRIBUTES, BINDINGS, CALLS, IMPLS, REGIONS, TRAITS};

/// What the macros write.
fn dispatch(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::static_dispatch(attribute, &regroup::with_parentheses(item))
}

fn call(input: TokenStream) -> [TokenStream; 2] {
    let input = regroup::with_parentheses(input);
    [
        expand::static_call(input.clone()),
        expand::plain_call(input),
    ]
}

fn region(input: TokenStream) -> TokenStream {
    expand::specialize(regroup::with_parentheses(input))
}

fn binding(input: TokenStream) -> TokenStream {
    expand::binding(regroup::with_parentheses(input))
}

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("the tests' own inputs are tokens")
}

/// A tree of tokens, to be changed anywhere.
fn count(stream: &TokenStream) -> usize {
    let inner = |token| match token {
        TokenTree::Group(group) => 1 + count(&group.stream()),
        _ => 1,
    };
    stream.clone().into_iter().map(inner).sum()
}

/// What happens to one token of a stream.
#[derive(Clone, Debug)]
enum Change {
    Remove,
    Double,
    Replace(&'static str),
    Insert(&'static str),
    /// By the token that stands at another place.
    Copy(Index),
    /// Another delimiter around a group.
    Delimit(u8),
    /// What stands in a group stands there by itself.
    Open,
}

/// Words that mean something to the macros, or to the grammar around them.
const WORDS: [&str; 64] = [
    "self",
    "Self",
    "mut",
    "&",
    "&&",
    "'a",
    "'static",
    "'_",
    "dyn",
    "impl",
    "fn",
    "async",
    "unsafe",
    "const",
    "extern",
    "where",
    "for",
    "in",
    "<",
    ">",
    ">>",
    "->",
    "=>",
    "=",
    "==",
    ":",
    "::",
    ";",
    ",",
    ".",
    "..",
    "...",
    "..=",
    "?",
    "!",
    "#",
    "|",
    "+",
    "*",
    "@",
    "$",
    "r#type",
    "r#fn",
    "crate",
    "super",
    "_",
    "0",
    "1.5",
    "\"text\"",
    "b'x'",
    "()",
    "[]",
    "{}",
    "(self)",
    "<T>",
    "<const N: u8>",
    "Box<Self>",
    "Pin<&mut Self>",
    "#[static_dispatch]",
    "#[static_dispatch(targets = 3)]",
    "#[cfg(any())]",
    "where Self: Sized",
    "type A<'b>;",
    "macro_rules",
];

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Remove),
        Just(Change::Double),
        (0..WORDS.len()).prop_map(|word| Change::Replace(WORDS[word])),
        (0..WORDS.len()).prop_map(|word| Change::Insert(WORDS[word])),
        any::<Index>().prop_map(Change::Copy),
        (0..4_u8).prop_map(Change::Delimit),
        Just(Change::Open),
    ]
}

/// The token at `place`, counted depth first.
fn nth(stream: &TokenStream, place: &mut usize) -> Option<TokenTree> {
    for token in stream.clone() {
        if *place == 0 {
            return Some(token);
        }
        *place -= 1;
        if let TokenTree::Group(group) = &token
            && let Some(found) = nth(&group.stream(), place)
        {
            return Some(found);
        }
    }
    None
}

/// Applies a change to the token at `place`.
fn changed(
    whole: &TokenStream,
    stream: TokenStream,
    place: &mut usize,
    change: &Change,
) -> TokenStream {
    let mut result = Vec::new();
    for token in stream {
        // Past the place: nothing more to do.
        let here = *place == 0;
        *place = place.wrapping_sub(1);
        if !here {
            match token {
                TokenTree::Group(group) => {
                    let inner = changed(whole, group.stream(), place, change);
                    result.push(TokenTree::Group(Group::new(group.delimiter(), inner)));
                }
                other => result.push(other),
            }
            continue;
        }
        let wrapped = |word: &str| {
            word.parse::<TokenStream>().map_or_else(
                // A half of something: as a punctuation mark.
                |_| {
                    word.chars()
                        .map(|c| TokenTree::Punct(Punct::new(c, Spacing::Joint)))
                        .collect()
                },
                |stream| stream.into_iter().collect::<Vec<_>>(),
            )
        };
        match (change, token) {
            (Change::Remove, _) => {}
            (Change::Double, token) => result.extend([token.clone(), token]),
            (Change::Replace(word), _) => result.extend(wrapped(word)),
            (Change::Insert(word), token) => {
                result.extend(wrapped(word));
                result.push(token);
            }
            (Change::Copy(index), _) => {
                result.extend(nth(whole, &mut index.index(count(whole).max(1))));
            }
            (Change::Delimit(number), TokenTree::Group(group)) => {
                let delimiters = [
                    Delimiter::Parenthesis,
                    Delimiter::Brace,
                    Delimiter::Bracket,
                    Delimiter::None,
                ];
                let delimiter = delimiters[usize::from(*number)];
                result.push(TokenTree::Group(Group::new(delimiter, group.stream())));
            }
            (Change::Open, TokenTree::Group(group)) => result.extend(group.stream()),
            (Change::Delimit(_) | Change::Open, token) => {
                result.push(TokenTree::Group(Group::new(Delimiter::None, token.into())));
            }
        }
    }
    result.into_iter().collect()
}

fn with_changes(stream: TokenStream, list: &[(Index, Change)]) -> TokenStream {
    list.iter().fold(stream, |stream, (index, change)| {
        let mut place = index.index(count(&stream).max(1));
        changed(&stream, stream.clone(), &mut place, change)
    })
}

/// One of the texts, with a few tokens changed.
fn mutants(texts: &'static [&'static str], most: usize) -> impl Strategy<Value = TokenStream> {
    let list = prop::collection::vec((any::<Index>(), changes()), 0..=most);
    (0..texts.len(), list).prop_map(move |(text, list)| with_changes(tokens(texts[text]), &list))
}

/// Tokens without any sense.
fn noise() -> impl Strategy<Value = TokenStream> {
    let leaf = prop_oneof![
        (0..WORDS.len()).prop_filter_map("half a token", |word| WORDS[word]
            .parse::<TokenStream>()
            .ok()),
        "[a-z_]{1,5}".prop_filter_map("no identifier", |name| {
            syn::parse_str::<Ident>(&name)
                .ok()
                .map(|name| TokenTree::Ident(name).into())
        }),
        any::<u64>().prop_map(|n| TokenTree::Literal(Literal::u64_suffixed(n)).into()),
        any::<char>().prop_map(|c| TokenTree::Literal(Literal::character(c)).into()),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        (0..4_u8, prop::collection::vec(inner, 0..8)).prop_map(|(number, parts)| {
            let inner: TokenStream = parts.into_iter().collect();
            let delimiter = [
                Delimiter::Parenthesis,
                Delimiter::Brace,
                Delimiter::Bracket,
                Delimiter::None,
            ];
            match number {
                0 => inner,
                n => TokenTree::Group(Group::new(delimiter[usize::from(n)], inner)).into(),
            }
        })
    })
}

/// Runs a macro. What it writes for an item that is a trait is still Rust: what rustc
/// has to say is said about the user's tokens.
fn never_panics(
    what: &str,
    run: impl FnOnce() -> Vec<(TokenStream, bool)>,
) -> Result<(), TestCaseError> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(written) => {
            for (stream, is_item) in written {
                if is_item {
                    let parsed = syn::parse2::<syn::File>(stream.clone());
                    prop_assert!(
                        parsed.is_ok(),
                        "{what} writes what is no Rust: {:?}: {stream}",
                        parsed.err()
                    );
                }
            }
            Ok(())
        }
        Err(_) => Err(TestCaseError::fail(format!("panics on {what}"))),
    }
}

fn check_dispatch(attribute: &TokenStream, item: &TokenStream) -> Result<(), TestCaseError> {
    never_panics(&format!("#[static_dispatch({attribute})] {item}"), || {
        let is_item = syn::parse2::<syn::Item>(item.clone())
            .is_ok_and(|item| matches!(item, syn::Item::Trait(_)));
        vec![(dispatch(attribute.clone(), item.clone()), is_item)]
    })
}

fn check_call(input: &TokenStream) -> Result<(), TestCaseError> {
    never_panics(&format!("static_call!({input})"), || {
        call(input.clone()).map(|written| (written, false)).into()
    })
}

fn check_region(input: &TokenStream) -> Result<(), TestCaseError> {
    never_panics(&format!("specialize!({input})"), || {
        vec![(region(input.clone()), false)]
    })
}

/// Whatever was meant, what is written are items.
fn check_binding(input: &TokenStream) -> Result<(), TestCaseError> {
    never_panics(&format!("binding! {{ {input} }}"), || {
        vec![(binding(input.clone()), true)]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_trait_is_expanded_or_refused(
        attribute in mutants(ATTRIBUTES, 2), item in mutants(TRAITS, 4)
    ) {
        check_dispatch(&attribute, &item)?;
    }

    #[test]
    fn a_changed_impl_is_expanded_or_refused(
        attribute in mutants(ATTRIBUTES, 1), item in mutants(IMPLS, 4)
    ) {
        check_dispatch(&attribute, &item)?;
    }

    #[test]
    fn a_changed_call_is_expanded_or_refused(input in mutants(CALLS, 4)) {
        check_call(&input)?;
    }

    #[test]
    fn a_changed_region_is_expanded_or_refused(input in mutants(REGIONS, 4)) {
        check_region(&input)?;
    }

    #[test]
    fn a_changed_binding_is_expanded_or_refused(input in mutants(BINDINGS, 4)) {
        check_binding(&input)?;
    }

    #[test]
    fn noise_is_refused(attribute in noise(), item in noise()) {
        check_dispatch(&attribute, &item)?;
        let krate = TokenTree::Group(Group::new(Delimiter::Parenthesis, tokens("::static_call")));
        let with_path = std::iter::once(krate).chain(item.clone()).collect();
        for input in [item, with_path] {
            check_call(&input)?;
            check_region(&input)?;
            check_binding(&input)?;
        }
    }
}

type Check = fn(&TokenStream) -> Result<(), TestCaseError>;

/// Every single token of every valid input: removed, and replaced.
#[test]
fn every_change_of_one_token_is_expanded_or_refused() {
    let mut tried = 0_u32;
    let all = [Change::Remove, Change::Replace("self")];
    for text in TRAITS.iter().chain(IMPLS) {
        let whole = tokens(text);
        for place in 0..count(&whole) {
            for change in &all {
                let item = changed(&whole, whole.clone(), &mut place.clone(), change);
                check_dispatch(&TokenStream::new(), &item).unwrap();
                tried += 1;
            }
        }
    }
    let others: [(&[&str], Check); 3] = [
        (CALLS, check_call),
        (REGIONS, check_region),
        (BINDINGS, check_binding),
    ];
    for (texts, check) in others {
        for whole in texts.iter().map(|text| tokens(text)) {
            for place in 0..count(&whole) {
                for change in &all {
                    check(&changed(&whole, whole.clone(), &mut place.clone(), change)).unwrap();
                    tried += 1;
                }
            }
        }
    }
    println!("{tried} inputs expanded or refused");
}

/// It used to be a panic.
#[test]
fn a_call_whose_own_path_is_none_is_refused() {
    for input in ["(=) x.y()", "() x.y()", "(a b) x.y()", "[1] x.y()"] {
        for written in call(tokens(input)) {
            assert!(written.to_string().contains("compile_error"), "{written}");
        }
    }
}

#[test]
fn the_valid_inputs_are_valid() {
    for item in TRAITS.iter().chain(IMPLS) {
        let written = dispatch(TokenStream::new(), tokens(item)).to_string();
        assert!(!written.contains("compile_error"), "{item}: {written}");
    }
    let calls = CALLS
        .iter()
        .map(|input| (input, call(tokens(input)).into()));
    let regions = REGIONS
        .iter()
        .map(|input| (input, vec![region(tokens(input))]));
    let bindings = BINDINGS
        .iter()
        .map(|input| (input, vec![binding(tokens(input))]));
    for (input, all) in calls.chain(regions).chain(bindings) {
        let all: Vec<TokenStream> = all;
        for written in all {
            assert!(
                !written.to_string().contains("compile_error"),
                "{input}: {written}"
            );
        }
    }
}

/// What it wrote used to be no Rust.
#[test]
fn a_binding_whose_type_ends_in_a_plus_is_one() {
    let input = tokens("(::static_call) static CODEC: dyn Codec + = Store;");
    check_binding(&input).unwrap();
    assert!(!binding(input).to_string().contains("compile_error"));
}

/// It did not, and was not built for a while.
#[test]
fn the_fuzzer_has_every_module_of_the_macros() {
    let fuzzer = include_str!("../../../fuzz/fuzz_targets/macros.rs");
    let modules = include_str!("../lib.rs").lines();
    let modules = modules.filter(|line| line.starts_with("mod ") && *line != "mod tests;");
    let missing: Vec<_> = modules.filter(|module| !fuzzer.contains(module)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Hidden names are read in backtraces and profiles.
#[test]
fn no_hidden_name_has_more_than_40_letters() {
    const TRAIT: &str = "trait ATraitWhoseNameHasAsManyLettersAsAnybodyWouldReadInOneGo {
        type AnAssociatedTypeWhoseNameIsNoShorterThanTheTraits;
        #[static_dispatch(inline = [A, B, C])]
        fn a_method_whose_name_says_at_length_what_it_does_to_the_first(&self, x: A) -> u8;
        #[static_dispatch(none = 0)]
        fn a_method_whose_name_says_at_length_what_it_does_to_the_second(&self) -> u8;
        fn left_alone(&self) -> Self::AnAssociatedTypeWhoseNameIsNoShorterThanTheTraits;
    }";
    let written = tokens(TRAIT);
    let option = tokens("object = TheObjectTraitOfATraitWhoseNameHasAsManyLetters, auto = all");
    let expanded = [
        dispatch(option, written.clone()),
        call(tokens(
            "(a) b.a_method_whose_name_says_at_length_what_it_does_to_the_first(c)",
        ))[0]
            .clone(),
        dispatch(TokenStream::new(), tokens(IMPLS[0])),
        binding(tokens(
            "(a) static A_BINDING_WHOSE_NAME_HAS_AS_MANY_LETTERS_AS_ANYBODY_READS: dyn A = b;",
        )),
    ];
    let own = idents(written);
    let hidden = expanded.map(idents).concat();
    let hidden: Vec<_> = hidden.iter().filter(|name| name.contains("__")).collect();
    assert!(hidden.len() > 100, "{hidden:?}");
    for name in hidden {
        assert!(own.contains(name) || name.chars().count() <= 40, "{name}");
    }
}

fn idents(tokens: TokenStream) -> Vec<String> {
    let of = |token| match token {
        TokenTree::Ident(ident) => vec![ident.to_string()],
        TokenTree::Group(group) => idents(group.stream()),
        _ => Vec::new(),
    };
    tokens.into_iter().flat_map(of).collect()
}

/// In an unsafe function the user's expression could do without `unsafe`.
#[cfg(feature = "std")]
#[test]
fn a_declared_result_stands_in_no_unsafe_function() {
    let written = dispatch(
        TokenStream::new(),
        tokens(
            "unsafe trait Clock: Send { #[static_dispatch(none = the_users_own())] unsafe fn now(&self) -> [u64; 3]; }",
        ),
    );
    let mut seen = 0;
    functions_with("the_users_own", &written, &mut |is_unsafe| {
        assert!(!is_unsafe, "{written}");
        seen += 1;
    });
    assert_eq!(seen, 1, "{written}");
}

/// Tells of each function whose body has the word itself whether it is unsafe.
#[cfg(feature = "std")]
fn functions_with(word: &str, tokens: &TokenStream, tell: &mut impl FnMut(bool)) {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    let is = |token: &TokenTree, word: &str| matches!(token, TokenTree::Ident(one) if one == word);
    for (place, token) in tokens.iter().enumerate() {
        let TokenTree::Group(body) = token else {
            continue;
        };
        functions_with(word, &body.stream(), tell);
        let head = &tokens[..place];
        let start = head.iter().rposition(|token| is(token, "fn"));
        let Some(start) = start.filter(|_| body.delimiter() == Delimiter::Brace) else {
            continue;
        };
        let before = &head[start.saturating_sub(3)..start];
        if idents(body.stream()).iter().any(|one| one == word) {
            tell(before.iter().any(|token| is(token, "unsafe")));
        }
    }
}

/// A region's types are written more than once, and are one type each time.
#[test]
fn no_list_names_a_type_that_depends_on_where_it_stands() {
    for ty in [
        "_",
        "W<_>",
        "[u8; _]",
        "fn(_) -> u8",
        "made!()",
        "W<made!()>",
    ] {
        let specialized = region(tokens(&format!("(a) b: [{ty}] in {{ b.c() }}")));
        let [listed, _] = call(tokens(&format!("(a) b.c(), inline = [{ty}]")));
        for written in [specialized, listed] {
            assert!(
                written.to_string().contains("compile_error"),
                "{ty}: {written}"
            );
        }
    }
}

/// The expansion believes what it finds there.
#[test]
fn a_module_in_place_of_the_crate_takes_a_promise() {
    for (path, is_a_crate) in [
        ("::devirt", true),
        ("own", false),
        ("crate", false),
        ("crate::own", false),
        ("self::own", false),
        ("::facade::own", false),
    ] {
        for item in [TRAITS[0], IMPLS[0]] {
            let written = dispatch(tokens(&format!("crate = {path}")), tokens(item));
            let is_refused = written.to_string().contains("compile_error");
            assert_ne!(is_refused, is_a_crate, "{path}: {written}");
            let promised = dispatch(tokens(&format!("unsafe(crate = {path})")), tokens(item));
            assert!(
                !promised.to_string().contains("compile_error"),
                "{promised}"
            );
        }
    }
}

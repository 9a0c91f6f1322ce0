//! What users see: programs that must build and run, in `pass/`, and mistakes
//! with the words that rustc prints for them, in `fail/`.
//!
//! | folder of `fail/` | mistakes |
//! |---|---|
//! | `attribute/` | `#[static_dispatch]` where it does not belong |
//! | `option/` | its options, on traits, methods and impls |
//! | `method/` | annotated methods that cannot be dispatched |
//! | `trait/` | traits that have no objects, and what an error leaves of a trait |
//! | `impl/` | impls that cannot be registered |
//! | `syntax/` | what stands in `static_call!` is not a method call |
//! | `inline/` | lists of types to inline, at calls and on methods |
//! | `specialize/` | regions: their receivers, lists and blocks |
//! | `binding/` | declarations of bindings, and what is called or swapped on them |
//! | `static_key/` | declarations of static keys, and where they cannot be asked |
//! | `hidden/` | what expansions promise and safe code may not |
//! | `plugin/` | what host and plugin cannot give each other |
//! | `call/` | a method call that does not type-check, or has no call sites |
//! | `safe/` | unsafe operations without `unsafe`, wherever the macros repeat what users write |
//!
//! The `.stderr` files hold the words of **rustc 1.95.0** on x86-64 Linux. Another
//! rustc may word its own part differently; what the macros say stays. After a
//! change that is meant, write them anew and read what changed:
//!
//! ```sh
//! TRYBUILD=overwrite cargo test -p static-call-ui-tests
//! git diff ui-tests/fail
//! ```

#[test]
fn programs_build_and_run_and_mistakes_are_named() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*/*.rs");
}

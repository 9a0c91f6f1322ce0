//! Writes the calls: for each contender functions of 64 calls each, every call on a line
//! of its own, as in programs. Written by a macro they would all stand in one place of the
//! source, and rustc, which sorts what it compiles by that, would lay out the sites and
//! their trampolines in no order at all.
//!
//! 4,096 calls of eight contenders take minutes to compile. The benchmark asks for them;
//! whoever builds the whole workspace gets an eighth, which shows that they compile.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

/// Calls in a function.
const CALLS: usize = 64;

/// Whose calls these are; the object's type; the call.
const CONTENDERS: [(&str, &str, &str); 8] = [
    ("plain", "&dyn Body", "body.step(x)"),
    ("control", "&dyn Body", "body.step(x)"),
    ("site", "&dyn Body", "static_call!(body.step(x))"),
    (
        "inline",
        "&dyn Body",
        "static_call!(body.step(x), inline = [Kind0, Kind1])",
    ),
    (
        "specialize",
        "&'static dyn Body",
        "specialize!(body = *body: [Kind0, Kind1] in { body.step(x) })",
    ),
    ("by_hand", "&Enum", "body.step(x)"),
    (
        "enum_dispatch",
        "&Dispatched",
        "static_call_bench_bodies::DispatchedBody::step(*body, x)",
    ),
    ("devirt", "&dyn DevirtBody", "body.step(x)"),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=BENCHES_ALL_SITES");
    let blocks = if env::var_os("BENCHES_ALL_SITES").is_some() {
        64
    } else {
        8
    };
    let folder = env::var("OUT_DIR").expect("cargo names the folder");
    for (index, (name, object, call)) in CONTENDERS.into_iter().enumerate() {
        let path = Path::new(&folder).join(name).with_extension("rs");
        let source = source(name, index * blocks, object, call, blocks);
        fs::write(path, source).expect("the folder can be written to");
    }
}

/// The functions, which are told apart by numbers from `first`, and a constant of all of
/// them.
fn source(name: &str, first: usize, object: &str, call: &str, blocks: usize) -> String {
    let mut source = String::new();
    let mut line = |line: std::fmt::Arguments<'_>| {
        writeln!(source, "{line}").expect("there is memory");
    };
    for block in 0..blocks {
        line(format_args!("#[inline(never)]"));
        line(format_args!(
            "fn {name}{block}(objects: &[{object}; {CALLS}], x: u64) -> u64 {{"
        ));
        // Two functions with equal calls are one otherwise.
        line(format_args!("different!({});", first + block));
        for _ in 0..CALLS {
            line(format_args!("let [body, objects @ ..] = objects;"));
            line(format_args!("let x = {call};"));
        }
        line(format_args!("let [] = objects;"));
        line(format_args!("x"));
        line(format_args!("}}"));
    }
    line(format_args!(
        "const {}: [fn(&[{object}; {CALLS}], u64) -> u64; {blocks}] = [",
        name.to_uppercase()
    ));
    for block in 0..blocks {
        line(format_args!("{name}{block},"));
    }
    line(format_args!("];"));
    source
}

//! Tells the benchmark which compiler built it, and writes the calls of the program with
//! a thousand call sites, every call on a line of its own, as in programs. Written by a
//! macro they would all stand in one place of the source, and rustc, which sorts what it
//! compiles by that, would lay out the sites in no order at all.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// Calls in a function.
const CALLS: usize = 64;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.map_or_else(
        |_| "unknown rustc".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    );
    println!("cargo::rustc-env=BENCHES_RUSTC={version}");
    let profile = std::env::var("PROFILE").unwrap_or_default();
    println!("cargo::rustc-env=BENCHES_PROFILE={profile}");
    let folder = std::env::var_os("OUT_DIR").expect("cargo names the folder");
    // Compiled in two ways with call sites, these take a while: debug builds, which only
    // show that they work, get one function.
    let functions = if profile == "release" { 16 } else { 1 };
    std::fs::write(Path::new(&folder).join("many.rs"), many(functions))
        .expect("the folder can be written to");
}

/// Functions of [`CALLS`] calls each, one that calls them in turn, and how many calls
/// these are.
fn many(functions: usize) -> String {
    let mut source = String::new();
    let mut line = |line: std::fmt::Arguments<'_>| {
        writeln!(source, "{line}").expect("there is memory");
    };
    for number in 0..functions {
        line(format_args!("#[inline(never)]"));
        line(format_args!(
            "fn part{number}(bodies: &Bodies, mut x: u64) -> u64 {{"
        ));
        line(format_args!("mark!();"));
        // Two functions with equal calls are one otherwise.
        line(format_args!("x ^= {number};"));
        for call in 0..CALLS {
            line(format_args!(
                "x = call!(bodies[{}].step(x), inline = [Kind0, Kind1]);",
                number * CALLS + call
            ));
        }
        line(format_args!("x"));
        line(format_args!("}}"));
    }
    line(format_args!(
        "fn all(bodies: &Bodies, mut x: u64) -> u64 {{"
    ));
    for number in 0..functions {
        line(format_args!("x = part{number}(bodies, x);"));
    }
    line(format_args!("x"));
    line(format_args!("}}"));
    line(format_args!("const CALLS: usize = {};", functions * CALLS));
    source
}

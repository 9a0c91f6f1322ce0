//! Remembers which compiler builds this crate, since a plugin must come from the same one; and
//! says, as `cfg(patched)`, whether call sites are patched on this target, and, as `cfg(plugins)`,
//! whether plugins can be loaded. That is decided here and nowhere else.

use std::process::Command;

fn main() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_default();
    println!("cargo::rustc-env=STATIC_CALL_RUSTC={}", version.trim());
    println!("cargo::rustc-check-cfg=cfg(patched, plugins)");
    let is = |what: &str, value: &str| std::env::var(what).is_ok_and(|found| found == value);
    let has = |what: &str| std::env::var_os(what).is_some();
    if has("CARGO_FEATURE_PATCHING")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && !has("CARGO_CFG_MIRI")
    {
        println!("cargo::rustc-cfg=patched");
    }
    if has("CARGO_FEATURE_PLUGINS") && is("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo::rustc-cfg=plugins");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
}

//! Remembers which compiler builds this crate, since a plugin must come from the same one; and
//! says which of the folders of `arch` encodes for this target, as `cfg(encoder)`, whether call
//! sites are patched, as `cfg(patched)`, and whether plugins can be loaded, as `cfg(plugins)`.
//! That is decided here and nowhere else.

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
    println!("cargo::rustc-check-cfg=cfg(encoder, values(\"aarch64\", \"x86_64\"))");
    let is = |what: &str, value: &str| std::env::var(what).is_ok_and(|found| found == value);
    let has = |what: &str| std::env::var_os(what).is_some();
    let encoder = ["aarch64", "x86_64"].into_iter().find(|arch| {
        is("CARGO_CFG_TARGET_ARCH", arch)
            && is("CARGO_CFG_TARGET_POINTER_WIDTH", "64")
            && is("CARGO_CFG_TARGET_ENDIAN", "little")
    });
    if let Some(encoder) = encoder {
        println!("cargo::rustc-cfg=encoder=\"{encoder}\"");
        if has("CARGO_FEATURE_PATCHING")
            && is("CARGO_CFG_TARGET_OS", "linux")
            && !has("CARGO_CFG_MIRI")
        {
            println!("cargo::rustc-cfg=patched");
        }
    }
    if has("CARGO_FEATURE_PLUGINS") && is("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo::rustc-cfg=plugins");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
}

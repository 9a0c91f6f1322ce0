//! 4,096 sites of eight contenders take minutes to compile. The benchmark asks for them;
//! whoever builds the whole workspace gets an eighth, which shows that they compile.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=BENCHES_ALL_SITES");
    println!("cargo::rustc-check-cfg=cfg(all_sites)");
    if std::env::var_os("BENCHES_ALL_SITES").is_some() {
        println!("cargo::rustc-cfg=all_sites");
    }
}

//! What the README and the other pages say: that its program runs as it is pasted, and that
//! what they link to is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    fs::read_to_string(top().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The block of the page's code that has a `main`.
fn program(page: &str) -> &str {
    let mut blocks = page.split("```rust\n").skip(1);
    let block = blocks.find(|block| block.split("```").next().unwrap().contains("fn main()"));
    block.unwrap().split("```").next().unwrap()
}

#[test]
fn the_readmes_program_runs_as_it_is_pasted_and_prints_what_it_gains() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"try-static-call\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nstatic-call = {{ path = {:?} }}\n\n[workspace]\n",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/main.rs"), program(&page("README.md"))).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release"])
        .current_dir(&folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{errors}");
    let gains = printed
        .lines()
        .filter(|line| line.ends_with(" times as fast"));
    assert_eq!(gains.count(), 2, "{printed}");
    assert!(errors.is_empty(), "{errors}");
}

#[test]
fn the_readme_is_short() {
    assert!(page("README.md").lines().count() < 200);
}

/// What a page links to, as far as that is a file here.
fn linked(page: &str) -> impl Iterator<Item = &str> {
    let targets = page.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.contains("::"))
        .map(|target| target.split('#').next().unwrap())
        .filter(|target| !target.is_empty())
}

#[test]
fn what_pages_link_to_is_there() {
    for name in [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "benches/README.md",
        "tools/README.md",
        "tools/compile-time/README.md",
        "ui-tests/README.md",
        "examples/real-crates/README.md",
    ] {
        let page = page(name);
        let folder = top().join(name);
        for target in linked(&page) {
            let path = folder.parent().unwrap().join(target);
            assert!(path.exists(), "{name} links to {target}");
        }
    }
}

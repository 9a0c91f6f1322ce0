//! Two versions of static-call in one process: linked into one program, and in a
//! program and its plugin. The other version is this one under another number.
#![cfg(plugins)]

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, io};

use object::{Object, ObjectSection};
use static_call::runtime::{self, Plugin, PluginError};

const THIS: &str = env!("CARGO_PKG_VERSION");
const OTHER: &str = "77.7.7";

/// A copy of the crates in `tests/versions`, with the other version beside them.
fn workspace() -> io::Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = Path::new(env!("CARGO_TARGET_TMPDIR")).join("versions");
    if workspace.exists() {
        fs::remove_dir_all(&workspace)?;
    }
    let slices = |text: String| text.replace(&THIS.replace('.', "_"), &OTHER.replace('.', "_"));
    copy(&here.join("tests/versions"), &workspace, &|text| text)?;
    copy(&here.join("src"), &workspace.join("runtime/src"), &slices)?;
    copy(
        &here.join("docs"),
        &workspace.join("runtime/docs"),
        &|text| text,
    )?;
    copy(
        &here.join("../macros/src"),
        &workspace.join("macros/src"),
        &slices,
    )?;
    fs::copy(here.join("build.rs"), workspace.join("runtime/build.rs"))?;
    for (package, from) in [
        ("runtime", here.to_owned()),
        ("macros", here.join("../macros")),
    ] {
        let manifest = fs::read_to_string(from.join("Cargo.toml"))?;
        // What only tests need is not copied.
        let mut keep = true;
        let kept = manifest.lines().filter(|line| {
            if line.starts_with('[') {
                keep = !line.contains("dev-dependencies") && *line != "[[test]]";
            }
            keep
        });
        let kept = kept.collect::<Vec<_>>().join("\n");
        let kept = kept.replace(&format!("-{THIS}\""), &format!("-{OTHER}\""));
        fs::write(workspace.join(package).join("Cargo.toml"), kept)?;
    }
    // What the workspace says about its packages and their dependencies.
    let root = fs::read_to_string(here.join("../Cargo.toml"))?;
    let from = root.find("[workspace.package]").expect("it is there");
    let shared = root[from..].replace(&format!("\"{THIS}\""), &format!("\"{OTHER}\""));
    let shared = shared.replace(&format!("\"={THIS}\""), &format!("\"={OTHER}\""));
    let manifest = workspace.join("Cargo.toml");
    let own = fs::read_to_string(&manifest)?;
    fs::write(manifest, format!("{own}\n{shared}"))?;
    let both = workspace.join("both/Cargo.toml");
    let text = fs::read_to_string(&both)?.replace("THIS", env!("CARGO_MANIFEST_DIR"));
    fs::write(both, text)?;
    let lock = here.join("../Cargo.lock");
    if lock.exists() {
        fs::copy(lock, workspace.join("Cargo.lock"))?;
    }
    Ok(workspace)
}

fn copy(from: &Path, to: &Path, edit: &dyn Fn(String) -> String) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, edit)?;
        } else {
            fs::write(target, edit(fs::read_to_string(entry.path())?))?;
        }
    }
    Ok(())
}

fn cargo(workspace: &Path, arguments: &[&str]) -> String {
    let output = run_cargo(workspace, arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaints}");
    said
}

fn run_cargo(workspace: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .current_dir(workspace)
        .env(
            "CARGO_TARGET_DIR",
            workspace.with_file_name("versions-target"),
        )
        .env_remove("RUSTFLAGS")
        .env_remove("STATIC_CALL")
        .args(["--offline", "--quiet", "--color", "never"])
        .args(arguments)
        .output()
        .unwrap()
}

/// The pages of a program that a section lies on.
fn pages_of(program: &Path, section: &str) -> Range<u64> {
    let bytes = fs::read(program).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let section = file.section_by_name(section).expect(section);
    assert!(section.size() > 64, "{section:?}");
    section.address() / 4096..(section.address() + section.size()).div_ceil(4096)
}

#[test]
fn cargo_is_told_which_version_this_is() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let links = format!("links = \"static-call-{THIS}\"");
    assert!(
        fs::read_to_string(manifest)
            .unwrap()
            .lines()
            .any(|line| line == links)
    );
}

#[test]
fn the_same_version_twice_is_refused_by_cargo() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = Path::new(env!("CARGO_TARGET_TMPDIR")).join("twice");
    let copies = ["one", "two"].map(|name| workspace.join(name));
    for copy in &copies {
        fs::create_dir_all(copy.join("src")).unwrap();
        fs::write(copy.join("src/lib.rs"), "").unwrap();
        fs::write(copy.join("build.rs"), "fn main() {}").unwrap();
        // Of the manifest, what says which package it is.
        let links = fs::read_to_string(here.join("Cargo.toml")).unwrap();
        let links = links.lines().find(|line| line.starts_with("links = "));
        let links = links.unwrap_or_default();
        let package = format!("[package]\nname = \"static-call\"\nversion = \"{THIS}\"\n{links}\n");
        fs::write(copy.join("Cargo.toml"), package).unwrap();
    }
    // Beside them: what lies inside of a workspace is of it, and there names are unique.
    let program = workspace.join("program");
    fs::create_dir_all(program.join("src")).unwrap();
    fs::write(program.join("src/lib.rs"), "").unwrap();
    let manifest = "[package]\nname = \"twice\"\nversion = \"0.0.0\"\n[workspace]\n[dependencies]\n\
        one = { package = \"static-call\", path = \"../one\" }\n\
        two = { package = \"static-call\", path = \"../two\" }\n";
    fs::write(program.join("Cargo.toml"), manifest).unwrap();
    let output = run_cargo(&program, &["metadata", "--format-version", "1"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    // Not for the lock file's sake, which two paths would do, and a path and a registry not.
    assert!(said.contains("links to the native library"), "{said}");
    let named = |copy: &PathBuf| said.contains(copy.to_str().unwrap());
    assert!(copies.iter().any(named), "{said}");
}

/// One test, because Cargo takes one lock for all of it.
#[test]
fn two_versions_in_one_process_see_their_own_and_refuse_each_others_plugins() {
    let workspace = workspace().expect("the target directory is writable");
    let said = cargo(&workspace, &["run", "--package", "both"]);
    println!("{said}");
    let lines: Vec<_> = said.lines().filter(|line| line.contains("sites")).collect();
    for (line, version) in lines.iter().zip(["static_call", "other"]) {
        assert!(line.starts_with("1 sites"), "{said}");
        if line.contains("patching") {
            let types = format!("{{\"{version}::Add\", \"{version}::Times\"}}");
            assert!(line.contains(&types), "{said}");
        }
    }
    assert_eq!(lines.len(), 2, "{said}");
    assert!(said.contains("both swapped"), "{said}");
    let program = workspace.with_file_name("versions-target/debug/both");
    if cfg!(patched) {
        let [this, other] = [THIS, OTHER].map(|version| {
            pages_of(
                &program,
                &format!("static_call_text_{}", version.replace('.', "_")),
            )
        });
        assert!(
            this.end <= other.start || other.end <= this.start,
            "{this:?} {other:?}"
        );
    }

    cargo(&workspace, &["build", "--package", "plugin"]);
    let plugin = workspace.with_file_name("versions-target/debug/libplugin.so");
    let sites = runtime::sites().len();
    // SAFETY: its initializers do nothing.
    let error = unsafe { Plugin::load(&plugin) }.unwrap_err();
    let PluginError::Version { host, plugin, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((host.as_str(), plugin.as_str()), (THIS, OTHER));
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains("libplugin.so"), "{error}");
    assert_eq!(runtime::sites().len(), sites);
}

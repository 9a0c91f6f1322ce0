//! A vtable's content is not ours to read.

use std::fs;
use std::path::Path;

/// Every Rust file of the crate outside of tests.
fn sources(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            into.push((path.display().to_string(), text));
        }
    }
}

#[test]
fn no_code_reads_through_the_address_of_a_vtable() {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    sources(&root.join("src"), &mut files);
    assert!(files.len() > 20);
    // A vtable is known as a `usize` and nothing else, so that to read one it
    // would have to be made a pointer first, on a line that names it.
    for (path, text) in files {
        for line in text.lines().filter(|line| line.contains("vtable")) {
            for cast in [
                "vtable as *",
                "vtable() as *",
                "with_exposed_provenance",
                "deref",
            ] {
                assert!(!line.contains(cast), "{path}: {line}");
            }
        }
    }
}

//! The page for who wants to change this library names files and functions that are there.

mod floors;

use std::fs;
use std::path::{Path, PathBuf};

/// What stands between backticks.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    let lines = page.split("```").step_by(2);
    lines.flat_map(|text| text.split('`').skip(1).step_by(2))
}

/// The file or folder of this name, from the workspace or from the library's sources.
fn found(root: &Path, name: &str) -> Option<PathBuf> {
    let places = [
        root.join("..").join(name),
        root.join("src").join(name),
        root.join("src").join(format!("{name}.rs")),
    ];
    places.into_iter().find(|path| path.exists())
}

#[test]
fn every_file_and_function_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../ARCHITECTURE.md")).unwrap();
    let mut file: Option<(PathBuf, String)> = None;
    let (mut files, mut functions) = (0, 0);
    // A function's name follows its file's: `path`: `name`.
    let named: Vec<&str> = quoted(&page).collect();
    for (index, name) in named.iter().enumerate() {
        if name.contains([' ', '(']) {
            continue;
        }
        let is_path = name.contains('/') || Path::new(name).extension().is_some();
        if is_path {
            let path = found(root, name).unwrap_or_else(|| panic!("there is no {name}"));
            let text = fs::read_to_string(&path).unwrap_or_default();
            file = Some((path, text));
            files += 1;
            continue;
        }
        let follows = format!("`{}`: `{name}`", named[index.saturating_sub(1)]);
        if page.replace("\n   ", " ").contains(&follows) {
            let (path, text) = file.as_ref().expect("a file stands before it");
            let is_there = ["fn ", "macro_rules! "]
                .iter()
                .any(|kind| text.contains(&format!("{kind}{name}")));
            assert!(is_there, "{}: there is no {name}", path.display());
            functions += 1;
        }
    }
    assert!(
        files >= 30 && functions >= 25,
        "{files} files, {functions} functions"
    );
}

#[test]
fn every_room_is_on_the_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../ARCHITECTURE.md")).unwrap();
    for entry in fs::read_dir(root.join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            assert!(page.contains(&format!("**{name}**")), "{name}");
        }
    }
}

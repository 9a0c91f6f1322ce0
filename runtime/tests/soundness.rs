//! What the page on soundness says who would notice is there, under that name.

use std::fs;
use std::path::Path;

/// The rows of the page's tables, as (assumption or guard, who notices).
fn rows(page: &str) -> Vec<(&str, &str)> {
    page.lines()
        .filter(|line| line.starts_with("| "))
        .filter(|line| {
            !["| assumption", "| guard |"]
                .iter()
                .any(|head| line.starts_with(head))
        })
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
            assert_eq!(cells.len(), 3, "{line}");
            (cells[0].trim(), cells[2].trim())
        })
        .collect()
}

/// All Rust files of a test or module, which may be a folder.
fn source(path: &Path) -> String {
    if path.extension().is_some_and(|end| end != "rs") {
        return String::new();
    }
    if path.is_dir() {
        let mut files: Vec<_> = fs::read_dir(path).unwrap().map(Result::unwrap).collect();
        files.sort_by_key(fs::DirEntry::path);
        return files.iter().map(|file| source(&file.path())).collect();
    }
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_assumption_and_every_guard_is_watched_by_a_check_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/soundness.md")).unwrap();
    let rows = rows(&page);
    let (mut files, mut names) = (0, 0);
    for (assumption, watched) in &rows {
        // Between backticks: paths, and names of tests, which follow their paths.
        let quoted: Vec<&str> = watched.split('`').skip(1).step_by(2).collect();
        let mut current = String::new();
        for quoted in quoted {
            if quoted.contains('/') || Path::new(quoted).extension().is_some() {
                let path = if quoted.starts_with("tools/") {
                    root.join("..").join(quoted)
                } else if quoted.contains('/') {
                    root.join(quoted)
                } else {
                    root.join("src").join(quoted)
                };
                current = source(&path);
                files += 1;
            } else if quoted.contains('_') && !quoted.contains(' ') {
                let test = format!("fn {quoted}()");
                assert!(
                    current.contains(&test),
                    "{assumption}: there is no {quoted}"
                );
                let at = current.find(&test).unwrap();
                let before = &current[..at];
                let attributes = before.rsplit("\n\n").next().unwrap();
                assert!(attributes.contains("#[test]"), "{quoted} is no test");
                names += 1;
            }
        }
        assert!(
            !current.is_empty()
                || watched.starts_with("nobody")
                || watched.contains("compile time"),
            "{assumption}: nobody would notice"
        );
    }
    println!(
        "{} assumptions and guards, {files} files, {names} tests named",
        rows.len()
    );
    assert!(rows.len() > 55 && names > 55);
}

//! What the README says who tests each shape is there, under that name.

use std::fs;
use std::path::Path;

/// The rows of the README's table, as (shape, tests).
fn rows(page: &str) -> Vec<(&str, Vec<&str>)> {
    let rows = page.lines().filter(|line| line.starts_with("| "));
    rows.skip(1)
        .map(|line| {
            let (shape, tests) = line.rsplit_once(" | ").expect("two columns");
            let named = tests.split('`').skip(1).step_by(2).collect();
            (shape, named)
        })
        .collect()
}

/// Whether the text has such a test, by itself or by a macro that makes it one.
fn has_test(source: &str, name: &str) -> bool {
    let plain = source.split("#[test]").skip(1).any(|behind| {
        let declaration = behind.split('{').next().unwrap_or(behind);
        declaration.contains(&format!("fn {name}()"))
    });
    plain
        || source.split("signature!(").skip(1).any(|behind| {
            let mut invocation = behind.split(':');
            invocation.next().is_some_and(|first| first.trim() == name)
        })
}

#[test]
fn every_shape_has_a_test_that_exists() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(package.join("README.md")).unwrap();
    let rows = rows(&page);
    for (shape, named) in &rows {
        let (path, names) = named.split_first().expect("a path comes first");
        let source = fs::read_to_string(package.join("..").join(path));
        let source = source.unwrap_or_else(|error| panic!("{shape}: {path}: {error}"));
        // Files that trybuild compiles are tests themselves.
        let is_program = path.starts_with("ui-tests/");
        assert_eq!(names.is_empty(), is_program, "{shape} names no test");
        for name in names {
            assert!(has_test(&source, name), "{shape}: {path} has no {name}");
        }
    }
    assert!(rows.len() > 50, "{} rows", rows.len());
}

#[test]
fn a_test_that_is_not_there_is_missed() {
    let source = "#[test]\nfn there() {}\nfn elsewhere() {}\nsignature!(made: dyn A; a());";
    assert!(has_test(source, "there") && has_test(source, "made"));
    for name in ["elsewhere", "ther", "mad", "dyn A"] {
        assert!(!has_test(source, name), "{name}");
    }
}

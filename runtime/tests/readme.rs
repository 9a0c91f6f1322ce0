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

/// What is read by people.
const PAGES: [&str; 10] = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "benches/README.md",
    "runtime/docs/guide.md",
    "tools/README.md",
    "tools/compile-time/README.md",
    "ui-tests/README.md",
    "examples/real-crates/README.md",
];

#[test]
fn what_pages_link_to_is_there() {
    for name in PAGES {
        let page = page(name);
        let folder = top().join(name);
        for target in linked(&page) {
            let path = folder.parent().unwrap().join(target);
            assert!(path.exists(), "{name} links to {target}");
        }
    }
}

/// The name of a heading in links to it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn the_headings_that_pages_link_to_are_there() {
    for name in PAGES {
        let text = page(name);
        let links = text.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split(')').next()?.split_once('#'));
        for (target, heading) in links.filter(|(target, _)| !target.contains("://")) {
            let there = match target {
                "" => name.to_owned(),
                other => format!("{}/{other}", Path::new(name).parent().unwrap().display()),
            };
            let there = page(there.trim_start_matches('/'));
            let headings = there.lines().filter_map(|line| line.strip_prefix('#'));
            let mut anchors = headings.map(|line| anchor(line.trim_start_matches('#').trim()));
            assert!(
                anchors.any(|anchor| anchor == heading),
                "{name} links to {target}#{heading}"
            );
        }
    }
}

/// What stands between backticks, in lines of text and in blocks of commands.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    page.split('`').skip(1).step_by(2)
}

#[test]
fn files_that_pages_name_are_there() {
    let folders = [
        ".ci/",
        "benches/",
        "examples/",
        "fuzz/",
        "macros/",
        "runtime/",
        "tools/",
        "ui-tests/",
    ];
    for name in PAGES {
        for word in quoted(&page(name)).flat_map(str::split_whitespace) {
            if folders.iter().any(|folder| word.starts_with(folder)) {
                let found = [top(), top().join("runtime")].map(|from| from.join(word).exists());
                assert!(found.contains(&true), "{name} names `{word}`");
            }
        }
    }
}

/// Names of the workspace's packages, and of their programs and tests.
fn targets() -> (Vec<String>, Vec<String>) {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(top())
        .output()
        .unwrap();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let packages = found["packages"].as_array().unwrap();
    let targets = packages
        .iter()
        .flat_map(|one| one["targets"].as_array().unwrap());
    (
        packages.iter().map(text).collect(),
        targets.map(text).collect(),
    )
}

#[test]
fn commands_that_pages_give_name_packages_and_programs_that_are_there() {
    let (packages, targets) = targets();
    let mut commands = 0;
    for name in PAGES {
        let text = page(name);
        for line in text.lines().filter(|line| line.contains("cargo ")) {
            let words: Vec<&str> = line
                .split(|c: char| c.is_whitespace() || c == '`')
                .collect();
            for pair in words.windows(2) {
                let known = match pair[0] {
                    "-p" | "--package" => &packages,
                    "--bin" | "--test" => &targets,
                    _ => continue,
                };
                commands += 1;
                // What stands for a name is in capitals.
                let is_there = known.iter().any(|one| one == pair[1]);
                let is_any = pair[1].chars().all(|c| c.is_ascii_uppercase());
                assert!(is_there || is_any, "{name} has {line}");
            }
        }
    }
    assert!(commands > 20, "{commands} names in commands");
}

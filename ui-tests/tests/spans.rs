//! What rustc says of a faulty `static_call!` points to the token that it points to in the
//! plain call, with the same code: each program of `fail/call/` is checked once more with
//! the plain calls in place of its macros. And it proposes to write nothing that the macros
//! have written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Plainly these are no mistakes.
const ONLY_THE_MACROS: [&str; 14] = [
    "method_is_skipped",
    "method_lacks_it",
    "method_lacks_it_on_boxed_sync_object",
    "method_lacks_it_on_send_object",
    "method_lacks_it_with_arguments",
    "method_of_a_supertrait",
    "method_of_a_supertrait_borrows_at_once",
    "method_of_a_supertrait_that_is_not_annotated",
    "method_that_cannot_be_annotated",
    "object_with_an_auto_trait_that_is_not_asked_for",
    "receiver_is_a_concrete_type",
    "receiver_is_generic",
    "receiver_is_impl_trait",
    "trait_lacks_it",
];

/// Where no argument is written, the macro says that some are missing, and not rustc.
const OF_OTHER_CODE: [&str; 1] = ["no_arguments"];

/// The code of a program's first error, and the text that it points to.
type Said = (String, String);

/// What rustc says of each program first, and all that it proposes to write.
#[derive(Default)]
struct Report {
    said: BTreeMap<String, Said>,
    proposed: Vec<(String, String)>,
}

#[test]
fn a_mistake_in_static_call_is_reported_where_the_plain_calls_is() {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spans");
    let _ = fs::remove_dir_all(&package);
    fs::create_dir_all(package.join("examples")).expect("the target directory is writable");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = Vec::new();
    for entry in fs::read_dir(here.join("fail/call")).expect("the programs are there") {
        let path = entry.expect("a folder can be read").path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name = path
            .file_stem()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path).expect("a program can be read");
        let plain = plainly(&text);
        assert_ne!(plain, text, "{name} calls nothing");
        let save = |kind: &str, text: &str| {
            let to = package.join(format!("examples/{kind}_{name}.rs"));
            fs::write(to, text).expect("a program can be written");
        };
        save("macro", &text);
        save("plain", &plain);
        names.push(name);
    }
    let Report { said, proposed } = check(&package, here);
    assert!(names.len() > 25, "{names:?}");
    // What is proposed for the plain calls shows that proposals are found.
    assert!(
        proposed
            .iter()
            .any(|(program, _)| program.starts_with("plain_")),
        "{proposed:?}"
    );
    let is_ours = |text: &str| text.contains("__") || text.contains("$crate");
    for (program, text) in proposed {
        assert!(!is_ours(&text), "{program}: {text}");
    }
    for name in names {
        let of_macro = &said[&format!("macro_{name}")];
        let Some(plain) = said.get(&format!("plain_{name}")) else {
            assert!(ONLY_THE_MACROS.contains(&&*name), "{name} is fine plainly");
            continue;
        };
        assert!(!ONLY_THE_MACROS.contains(&&*name), "{name}: {plain:?}");
        assert_eq!(of_macro.1, plain.1, "{name}");
        let has_other_code = OF_OTHER_CODE.contains(&&*name);
        assert_eq!(of_macro.0 != plain.0, has_other_code, "{name}");
    }
}

/// Without its `static_call!(…)`, but for what stands in them.
fn plainly(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(start) = text.find("static_call!(") {
        let mut depth = 0;
        let from = start + "static_call!".len();
        let end = text[from..].char_indices().find_map(|(at, character)| {
            depth += i32::from(character == '(') - i32::from(character == ')');
            (depth == 0).then_some(from + at)
        });
        let end = end.expect("parentheses are closed");
        text = format!(
            "{}{}{}",
            &text[..start],
            &text[from + 1..end],
            &text[end + 1..]
        );
    }
    text.replace(
        "use static_call::{static_call, static_dispatch};",
        "use static_call::static_dispatch;",
    )
}

fn check(package: &Path, here: &Path) -> Report {
    let runtime = here.join("../runtime");
    // Quoted as TOML wants it.
    let runtime = runtime.to_string_lossy();
    let manifest = format!(
        "[package]\nname = \"spans\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nstatic-call = {{ path = {runtime:?} }}\n"
    );
    fs::write(package.join("Cargo.toml"), manifest).expect("the manifest can be written");
    let lock = here.join("../Cargo.lock");
    if lock.exists() {
        fs::copy(lock, package.join("Cargo.lock")).expect("the lock file can be copied");
    }
    fs::create_dir_all(package.join("src")).expect("the target directory is writable");
    fs::write(package.join("src/lib.rs"), "").expect("the target directory is writable");
    let output = Command::new(env!("CARGO"))
        .current_dir(package)
        .env("CARGO_TARGET_DIR", package.join("target"))
        .env_remove("RUSTFLAGS")
        .args([
            "check",
            "--offline",
            "--examples",
            "--keep-going",
            "--message-format=json",
        ])
        .output()
        .expect("Cargo starts");
    let mut report = Report::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let diagnostic = &message["message"];
        if message["reason"] != "compiler-message" || diagnostic["level"] != "error" {
            continue;
        }
        let spans = diagnostic["spans"].as_array().into_iter().flatten();
        let Some(primary) = spans.into_iter().find(|span| span["is_primary"] == true) else {
            continue;
        };
        let code = diagnostic["code"]["code"].as_str().unwrap_or_default();
        let program = message["target"]["name"].as_str().unwrap_or_default();
        for text in proposals(diagnostic) {
            report.proposed.push((program.to_owned(), text.to_owned()));
        }
        let said = &mut report.said;
        said.entry(program.to_owned())
            .or_insert_with(|| (code.to_owned(), pointed_at(primary)));
    }
    assert!(
        !report.said.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    report
}

/// What the notes below an error propose to write.
fn proposals(diagnostic: &Value) -> impl Iterator<Item = &str> {
    let notes = diagnostic["children"].as_array().into_iter().flatten();
    let spans = notes.flat_map(|note| note["spans"].as_array().into_iter().flatten());
    spans.filter_map(|span| span["suggested_replacement"].as_str())
}

/// The text under the carets.
fn pointed_at(span: &Value) -> String {
    let line = &span["text"][0];
    let column = |name: &str| {
        let column = line[name]
            .as_u64()
            .and_then(|column| usize::try_from(column).ok());
        column.expect("a column is a number") - 1
    };
    let text = line["text"].as_str().unwrap_or_default();
    let (start, end) = (column("highlight_start"), column("highlight_end"));
    text.chars().skip(start).take(end - start).collect()
}

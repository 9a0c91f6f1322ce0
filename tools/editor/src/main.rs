//! Asks rust-analyzer what an editor would ask, inside `static_call!`, and compares with
//! the plain call.
//!
//! `cargo run -p static-call-editor`, with a `rust-analyzer` in the path or named by
//! `RUST_ANALYZER`. Where the toolchain brings none, `cargo install ra_ap_rust-analyzer`
//! builds one. Ends with an error if any answer is another than the plain call's.

mod program;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

use crate::program::{SOURCE, place};
use crate::server::{Error, Server};

/// From where, and what is defined there.
const DEFINITIONS: [(&str, &str); 8] = [
    ("plain_method", "declaration"),
    ("method", "declaration"),
    ("receiver", "receiver_declared"),
    ("argument", "argument_declared"),
    ("listed_method", "declaration"),
    ("listed_type", "type"),
    ("object_method", "declaration"),
    ("method_in_region", "declaration"),
];

/// Where, and what must be among what is proposed.
const COMPLETIONS: [(&str, &str); 3] = [
    ("partial_method", "holds"),
    ("partial_argument", "limit"),
    ("partial_method_alone", "holds"),
];

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(wrong) => {
            println!("{wrong} answers are wrong");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<usize, Error> {
    let (root, file) = write()?;
    let program = std::env::var("RUST_ANALYZER").unwrap_or_else(|_| "rust-analyzer".to_owned());
    let mut server = Server::start(&program, &root)?;
    server.open(&file, SOURCE)?;
    let mut wrong = 0;
    let mut show = |question: &str, answer: &str, right: bool| {
        wrong += usize::from(!right);
        println!(
            "{question:44} {answer}{}",
            if right { "" } else { "  WRONG" }
        );
    };
    for (from, to) in DEFINITIONS {
        let answer = server.at("textDocument/definition", &file, place(from))?;
        let found = lines(&answer, &file);
        let expected = place(to).0;
        show(
            &format!("definition of {from}"),
            &format!("lines {found:?}"),
            found.contains(&expected),
        );
    }
    for (at, expected) in COMPLETIONS {
        let answer = server.at("textDocument/completion", &file, place(at))?;
        let labels = labels(&answer);
        let found = labels.iter().any(|label| label.starts_with(expected));
        let shown = format!(
            "{} proposals, {expected} {}",
            labels.len(),
            if found { "among them" } else { "not" }
        );
        show(&format!("completion at {at}"), &shown, found);
    }
    Ok(wrong)
}

/// Lines of the places in the file that an answer names. For what a macro has written, the
/// macro's own line follows the one that the name was taken from.
fn lines(answer: &Value, file: &Path) -> Vec<usize> {
    let places = match answer {
        Value::Array(places) => places.clone(),
        Value::Null => Vec::new(),
        place => vec![place.clone()],
    };
    let file = file.to_string_lossy();
    let line = |place: &Value| {
        let uri = place.get("uri").or_else(|| place.get("targetUri"))?;
        if !uri.as_str()?.ends_with(&*file) {
            return None;
        }
        let range = place
            .get("range")
            .or_else(|| place.get("targetSelectionRange"))?;
        usize::try_from(range["start"]["line"].as_u64()?).ok()
    };
    places.iter().filter_map(line).collect()
}

fn labels(answer: &Value) -> Vec<String> {
    let items = answer
        .get("items")
        .unwrap_or(answer)
        .as_array()
        .cloned()
        .unwrap_or_default();
    items
        .iter()
        .filter_map(|item| Some(item["label"].as_str()?.to_owned()))
        .collect()
}

/// Writes the program as a package of its own.
fn write() -> Result<(PathBuf, PathBuf), Error> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| here.join("../../target"), PathBuf::from);
    fs::create_dir_all(target.join("editor/src"))?;
    let root = target.join("editor").canonicalize()?;
    let runtime = here.join("../../runtime").canonicalize()?;
    let runtime = runtime.to_string_lossy();
    let manifest = format!(
        "[package]\nname = \"edited\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nstatic-call = {{ path = {runtime:?} }}\n"
    );
    fs::write(root.join("Cargo.toml"), manifest)?;
    fs::copy(here.join("../../Cargo.lock"), root.join("Cargo.lock"))?;
    let file = root.join("src/lib.rs");
    fs::write(&file, SOURCE)?;
    Ok((root, file))
}

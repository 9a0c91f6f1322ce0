//! Builds the measuring program of a family and runs it in each mode.

use std::fmt::Write as _;

use static_call_real_crates::results::Run;

use crate::cargo;
use crate::corpus::{Family, Variant};
use crate::error::Error;
use crate::files;
use crate::variants::Places;

/// `STATIC_CALL` in the environment of each run.
pub(crate) const MODES: [&str; 3] = ["off", "auto", "always"];

/// Measures a family; one [`Run`] for each of [`MODES`].
pub(crate) fn run(
    family: &Family,
    extra: &[(&str, &str)],
    places: &Places,
    rounds: usize,
) -> Result<Vec<(&'static str, Run)>, Error> {
    let folder = places.scratch.join(family.name).join("measure");
    let manifest = folder.join("Cargo.toml");
    files::write(&manifest, self::manifest(family, extra, places).as_bytes())?;
    let program = places.package.join("measure").join(family.name);
    let program = files::read(&program.with_extension("rs"))?;
    files::write(&folder.join("src/main.rs"), program.as_bytes())?;
    let run = |mode| {
        let mut command = cargo::command("run", &manifest);
        command
            .args(["--release", "--target-dir"])
            .arg(places.scratch.join("target"))
            .args(["--", &rounds.to_string()])
            .env("STATIC_CALL", mode);
        let output = cargo::run(&mut command)?;
        let run = serde_json::from_str(&output).map_err(|source| Error::Output {
            command: format!("{command:?}"),
            source,
        })?;
        Ok((mode, run))
    };
    MODES.into_iter().map(run).collect()
}

/// Each form of each crate is a dependency of its own, `static_rubato` and so on.
fn manifest(family: &Family, extra: &[(&str, &str)], places: &Places) -> String {
    let mut text = format!(
        "[package]\nname = \"measure-{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [workspace]\nresolver = \"3\"\n\n[dependencies]\n",
        family.name
    );
    for variant in Variant::ALL {
        for krate in family.crates {
            let (form, name) = (variant.name(), krate.name);
            let alias = format!("{form}_{}", name.replace('-', "_"));
            let _ = writeln!(
                text,
                "{alias} = {{ package = \"{name}\", path = \"../{form}/{name}\" }}"
            );
        }
    }
    for (name, version) in extra {
        let _ = writeln!(text, "{name} = \"{version}\"");
    }
    for (name, path) in [
        ("static-call", &places.runtime),
        ("static-call-real-crates", &places.package),
    ] {
        let path = toml_edit::value(path.to_string_lossy().into_owned());
        let _ = writeln!(text, "{name} = {{ path = {path} }}");
    }
    text
}

//! Builds the measuring program of a family and runs it in each mode.

use std::fmt::Write as _;

use static_call_benches::layouts::{self, Layout};
use static_call_real_crates::results::Run;

use crate::cargo;
use crate::corpus::{Family, Variant};
use crate::error::Error;
use crate::files;
use crate::variants::Places;

/// How the annotated forms run.
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    /// `STATIC_CALL` in the environment.
    environment: &'static str,
    /// When the program calls `retarget()`, in the measuring program's words.
    passes: &'static str,
}

/// All modes, each a process of its own.
pub(crate) const MODES: [Mode; 4] = [
    Mode {
        name: "never started",
        environment: "auto",
        passes: "never",
    },
    Mode {
        name: "auto, worker",
        environment: "auto",
        passes: "worker",
    },
    Mode {
        name: "auto, pass a round",
        environment: "auto",
        passes: "rounds",
    },
    Mode {
        name: "always",
        environment: "always",
        passes: "settled",
    },
];

/// Measures a family in a layout of code; one [`Run`] for each of [`MODES`].
pub(crate) fn run(
    family: &Family,
    extra: &[(&str, &str)],
    places: &Places,
    rounds: usize,
    layout: &Layout,
) -> Result<Runs, Error> {
    let folder = places.scratch.join(family.name).join("measure");
    let manifest = folder.join("Cargo.toml");
    files::write(&manifest, self::manifest(family, extra, places).as_bytes())?;
    let program = places.package.join("measure").join(family.name);
    let program = files::read(&program.with_extension("rs"))?;
    files::write(&folder.join("src/main.rs"), program.as_bytes())?;
    let target = if *layout == layouts::DEFAULT {
        "target".to_owned()
    } else {
        format!("target-{}", layout.name)
    };
    let run = |mode: &Mode| {
        let mut command = cargo::command("run", &manifest);
        command
            .args(["--release", "--target-dir"])
            .arg(places.scratch.join(&target))
            .args(["--", &rounds.to_string(), mode.passes])
            .env("STATIC_CALL", mode.environment);
        if *layout != layouts::DEFAULT {
            command.env("RUSTFLAGS", layout.rustflags());
        }
        let output = cargo::run(&mut command)?;
        let run = serde_json::from_str(&output).map_err(|source| Error::Output {
            command: format!("{command:?}"),
            source,
        })?;
        Ok((mode.name, run))
    };
    MODES.iter().map(run).collect()
}

/// What was measured in each mode.
pub(crate) type Runs = Vec<(&'static str, Run)>;

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

//! Brings a crate's published sources here, through cargo.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::corpus::{Crate, Family};
use crate::error::Error;
use crate::{cargo, files};

/// Where the registry keeps the sources of a family's crates. Cargo fetches them
/// for a scratch package that depends on exactly these versions.
pub(crate) fn sources(family: &Family, scratch: &Path) -> Result<Vec<PathBuf>, Error> {
    let folder = scratch.join(family.name).join("fetch");
    let manifest = folder.join("Cargo.toml");
    let mut text = String::from(
        "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [workspace]\n[dependencies]\n",
    );
    for Crate { name, version } in family.crates {
        let _ = writeln!(text, "{name} = \"={version}\"");
    }
    files::write(&manifest, text.as_bytes())?;
    files::write(&folder.join("src/lib.rs"), b"")?;
    let metadata = cargo::metadata(&manifest, &[])?;
    let source = |wanted: &Crate| {
        let mut packages = metadata.packages.iter();
        let found = packages
            .find(|package| package.name == wanted.name && package.version == wanted.version);
        found
            .and_then(|package| package.manifest_path.parent())
            .map(Path::to_owned)
            .ok_or(Error::NotFetched {
                name: wanted.name,
                version: wanted.version,
            })
    };
    family.crates.iter().map(source).collect()
}

//! Writes a family's crates in every form, each form a workspace of its own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, value};

use crate::corpus::{Crate, Family, Variant};
use crate::error::Error;
use crate::patch::{self, Files};
use crate::{fetch, files};

/// Folders that the tool works with.
pub(crate) struct Places {
    /// This package, with its `patches` and `measure`.
    pub(crate) package: PathBuf,
    /// The `static-call` package.
    pub(crate) runtime: PathBuf,
    /// Where fetched and patched sources and their builds go.
    pub(crate) scratch: PathBuf,
}

impl Places {
    /// The workspace of a family in one of its forms.
    pub(crate) fn form(&self, family: &Family, variant: Variant) -> PathBuf {
        self.scratch.join(family.name).join(variant.name())
    }

    /// The folder of a crate in one of its forms.
    pub(crate) fn member(&self, family: &Family, krate: &Crate, variant: Variant) -> PathBuf {
        self.form(family, variant).join(krate.name)
    }

    /// The patch that makes a form of a crate, if it takes one.
    pub(crate) fn patch(&self, krate: &Crate, variant: Variant) -> Option<PathBuf> {
        let folder = format!("{}-{}", krate.name, krate.version);
        let path = self.package.join("patches").join(folder);
        let path = path.join(variant.patch()?);
        path.is_file().then_some(path)
    }
}

/// Fetches the crates of a family and writes every form of them.
pub(crate) fn write(family: &Family, places: &Places) -> Result<(), Error> {
    let sources = fetch::sources(family, &places.scratch)?;
    for variant in Variant::ALL {
        for (krate, source) in family.crates.iter().zip(&sources) {
            write_crate(family, krate, variant, source, places)?;
        }
        let manifest = places.form(family, variant).join("Cargo.toml");
        files::write(&manifest, workspace(family).as_bytes())?;
    }
    Ok(())
}

/// The workspace of one form. What the crates' tests depend on takes the family's
/// crates from here too, or its types were others.
fn workspace(family: &Family) -> String {
    let mut members = Vec::new();
    let mut patches = String::new();
    for Crate { name, .. } in family.crates {
        members.push(format!("{name:?}"));
        let _ = writeln!(patches, "{name} = {{ path = {name:?} }}");
    }
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[patch.crates-io]\n{patches}",
        members.join(", ")
    )
}

fn write_crate(
    family: &Family,
    krate: &Crate,
    variant: Variant,
    source: &Path,
    places: &Places,
) -> Result<(), Error> {
    let member = places.member(family, krate, variant);
    let mut texts = Files::new();
    files::walk(source, &mut |path, relative| {
        if relative
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            // Patches have the line ends of this repository.
            let text = files::read(path)?.replace("\r\n", "\n");
            texts.insert(relative.to_owned(), text);
            Ok(())
        } else if relative == Path::new("Cargo.toml") {
            Ok(())
        } else {
            let bytes = std::fs::read(path).map_err(Error::file(path))?;
            files::write(&member.join(relative), &bytes)
        }
    })?;
    let patch = places.patch(krate, variant);
    if let Some(patch) = &patch {
        patch::apply(patch, &files::read(patch)?, &mut texts)?;
        if variant == Variant::Unlisted {
            for text in texts.values_mut() {
                *text = patch::without_lists(text);
            }
        }
    }
    for (relative, text) in &texts {
        files::write(&member.join(relative), text.as_bytes())?;
    }
    let annotated = matches!(variant, Variant::Static | Variant::Unlisted);
    let runtime = (annotated && patch.is_some()).then_some(&*places.runtime);
    let published = source.join("Cargo.toml");
    let manifest =
        manifest(&files::read(&published)?, family, krate, variant, runtime).map_err(|source| {
            Error::Manifest {
                path: published,
                source,
            }
        })?;
    files::write(&member.join("Cargo.toml"), manifest.as_bytes())
}

/// The manifest of one form: a version of its own, the same form of the family's
/// other crates, and `static-call` from `runtime`.
fn manifest(
    text: &str,
    family: &Family,
    krate: &Crate,
    variant: Variant,
    runtime: Option<&Path>,
) -> Result<String, toml_edit::TomlError> {
    let mut manifest: DocumentMut = text.parse()?;
    // The measuring program's lock file holds all forms, so each needs a version
    // of its own.
    manifest["package"]["version"] = value(format!("{}+{}", krate.version, variant.name()));
    for table in ["dependencies", "dev-dependencies"] {
        for other in family.crates {
            let table = manifest.get_mut(table).and_then(Item::as_table_like_mut);
            let dependency = table.and_then(|table| table.get_mut(other.name));
            if let Some(dependency) = dependency {
                if let Some(version) = dependency.as_str().map(str::to_owned) {
                    *dependency = Item::Table(Table::from_iter([("version", version)]));
                }
                dependency["path"] = value(format!("../{}", other.name));
            }
        }
    }
    if let Some(runtime) = runtime {
        let path = runtime.to_string_lossy().into_owned();
        manifest["dependencies"]["static-call"] = Item::Table(Table::from_iter([("path", path)]));
    }
    Ok(manifest.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::manifest;
    use crate::corpus::{Variant, family};

    const RUBATO: &str = "\
[package]
name = \"rubato\"
version = \"5.0.1\"

[dependencies.audioadapter]
version = \"5.0\"

[dependencies]
audioadapter-buffers = \"5.1\"
num-traits = \"0.2\"
";

    fn rubato(runtime: Option<&Path>) -> toml_edit::DocumentMut {
        let family = family("rubato").unwrap();
        let krate = &family.crates[2];
        let text = manifest(RUBATO, family, krate, Variant::Static, runtime).unwrap();
        text.parse().unwrap()
    }

    #[test]
    fn a_form_depends_on_the_same_form_of_its_family() {
        let manifest = rubato(None);
        assert_eq!(
            manifest["package"]["version"].as_str(),
            Some("5.0.1+static")
        );
        let dependencies = &manifest["dependencies"];
        for name in ["audioadapter", "audioadapter-buffers"] {
            let path = dependencies[name]["path"].as_str();
            assert_eq!(path, Some(&*format!("../{name}")));
            assert!(dependencies[name]["version"].is_str());
        }
        assert_eq!(dependencies["num-traits"].as_str(), Some("0.2"));
        assert!(dependencies.get("static-call").is_none());
        assert!(dependencies.get("rubato").is_none());
    }

    #[test]
    fn a_patched_form_depends_on_static_call() {
        let manifest = rubato(Some(Path::new("../runtime")));
        let path = &manifest["dependencies"]["static-call"]["path"];
        assert_eq!(path.as_str(), Some("../runtime"));
    }
}

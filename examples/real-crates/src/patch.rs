//! Applies our patches to a crate's files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diffy::patch_set::{FileOperation, ParseOptions, PatchSet};

use crate::error::Error;

/// The text files of a crate, by their path in it.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// Applies the unified diff `text`, read from `patch`, to `files`. Hunks apply
/// exactly or not at all.
pub(crate) fn apply(patch: &Path, text: &str, files: &mut Files) -> Result<(), Error> {
    let no_patch = |reason: String| Error::Patch {
        patch: patch.to_owned(),
        reason,
    };
    for part in PatchSet::parse(text, ParseOptions::unidiff()) {
        let part = part.map_err(|error| no_patch(error.to_string()))?;
        let FileOperation::Modify { original, .. } = part.operation().strip_prefix(1) else {
            return Err(no_patch("it adds, removes or renames a file".to_owned()));
        };
        let changed = PathBuf::from(&*original);
        let Some((diff, file)) = part.patch().as_text().zip(files.get_mut(&changed)) else {
            return Err(no_patch(format!(
                "the crate has no text file {}",
                changed.display()
            )));
        };
        *file = diffy::apply(file, diff).map_err(|source| Error::Apply {
            patch: patch.to_owned(),
            file: changed,
            source,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Files, apply};
    use std::path::Path;

    const PATCH: &str = "\
--- a/src/lib.rs
+++ b/src/lib.rs
@@ -1,2 +1,3 @@
+#[static_dispatch]
 trait Shape {
 }
--- a/src/main.rs
+++ b/src/main.rs
@@ -1 +1 @@
-x.area()
+static_call!(x.area())
";

    fn files() -> Files {
        Files::from([
            ("src/lib.rs".into(), "trait Shape {\n}\n".into()),
            ("src/main.rs".into(), "x.area()\n".into()),
        ])
    }

    #[test]
    fn a_patch_changes_each_file_that_it_names() {
        let mut files = files();
        apply(Path::new("p"), PATCH, &mut files).unwrap();
        assert_eq!(
            files[Path::new("src/lib.rs")],
            "#[static_dispatch]\ntrait Shape {\n}\n"
        );
        assert_eq!(files[Path::new("src/main.rs")], "static_call!(x.area())\n");
    }

    #[test]
    fn a_patch_for_other_lines_is_refused() {
        let mut files = files();
        files.insert("src/main.rs".into(), "y.area()\n".into());
        let error = apply(Path::new("p"), PATCH, &mut files).unwrap_err();
        assert!(
            error.to_string().contains("does not apply to src/main.rs"),
            "{error}"
        );
    }

    #[test]
    fn a_patch_for_another_file_is_refused() {
        let mut files = files();
        files.remove(Path::new("src/main.rs"));
        let error = apply(Path::new("p"), PATCH, &mut files).unwrap_err();
        assert!(
            error.to_string().contains("no text file src/main.rs"),
            "{error}"
        );
    }
}

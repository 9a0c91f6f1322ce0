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

/// A source without its lists of types: `, inline = […]` is taken out.
pub(crate) fn without_lists(text: &str) -> String {
    const LIST: &str = "inline = [";
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, list)) = rest.split_once(LIST) {
        let mut depth = 1_u32;
        let end = list.char_indices().find_map(|(at, letter)| {
            match letter {
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(at + 1)
        });
        // What stands in front of a list, on a call and on a method, ends with a comma.
        let (Some(end), Some(before)) = (end, before.trim_end().strip_suffix(',')) else {
            kept.push_str(&rest[..before.len() + LIST.len()]);
            rest = list;
            continue;
        };
        kept.push_str(before);
        rest = &list[end..];
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::{Files, apply, without_lists};
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
    fn lists_of_types_are_taken_out_and_nothing_else() {
        let listed = "\
#[static_dispatch(targets = 2, inline = [A])]
let x = [1]; static_call!(x.y([2], z),
    inline = [A<&'static [u8]>, B]
);
let inline = [3];
";
        let unlisted = "\
#[static_dispatch(targets = 2)]
let x = [1]; static_call!(x.y([2], z)
);
let inline = [3];
";
        assert_eq!(without_lists(listed), unlisted);
        assert_eq!(without_lists(unlisted), unlisted);
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

//! Reading, writing and copying files, with errors that name them.

use std::fs;
use std::path::Path;

use crate::error::Error;

pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(Error::file(path))
}

/// Writes a file, and the folders that lead to it. A file that holds this
/// already is left alone: cargo would build it again.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|found| found == content) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::file(parent))?;
    }
    fs::write(path, content).map_err(Error::file(path))
}

/// Calls `visit` with every file below `root`, and with its path from there.
pub(crate) fn walk(
    root: &Path,
    visit: &mut impl FnMut(&Path, &Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Error::file(&folder))? {
            let path = entry.map_err(Error::file(&folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(relative) = path.strip_prefix(root) {
                visit(&path, relative)?;
            }
        }
    }
    Ok(())
}

//! What the example programs share: files that are written whole or not at all, and where
//! their plugins lie.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs::{self, File, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The result.
    #[error("cannot write `{}`: {reason}; give another file with -o", path.display())]
    Output {
        /// Where it was to be.
        path: PathBuf,
        /// Why it is not.
        reason: String,
    },

    /// It would take the place of what it is made from.
    #[error("the output `{}` would replace the input; give another file with -o", path.display())]
    OutputIsInput {
        /// Both.
        path: PathBuf,
    },

    /// A plugin that was asked for.
    #[error("cannot open the plugin `{}`: {source}; give its shared object with --plugin", path.display())]
    OpenPlugin {
        /// Where it was to be.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },

    /// The program's own plugin.
    #[error(
        "the example plugin is missing: no {}; run `cargo build -p {package}` or give one with --plugin",
        looked.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", no ")
    )]
    NoPlugin {
        /// What cargo is to build.
        package: &'static str,
        /// Where it might be.
        looked: Vec<PathBuf>,
    },
}

impl FileError {
    /// The result cannot be written.
    pub fn output(path: &Path, reason: &impl ToString) -> Self {
        FileError::Output {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// A file that has no name of its own yet: removed if it is dropped, and there, whole, once it
/// [`finish`](Whole::finish)es.
#[derive(Debug)]
pub struct Whole {
    path: PathBuf,
    temporary: NamedTempFile,
}

impl Whole {
    /// Starts a file that will become `path`, which must not be `input`.
    ///
    /// # Errors
    /// The path leads to the input, to what is no regular file, to one that is write-protected,
    /// or into a folder that cannot be written.
    pub fn create(path: &Path, input: Option<&Path>) -> Result<Self, FileError> {
        // Behind a link it is the file that is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if input.and_then(|input| input.canonicalize().ok()).as_ref() == Some(&path) {
            return Err(FileError::OutputIsInput { path });
        }
        let permissions =
            existing_permissions(&path).map_err(|reason| FileError::output(&path, &reason))?;
        let temporary = temporary_beside(&path, permissions)
            .map_err(|error| FileError::output(&path, &error))?;
        Ok(Whole { path, temporary })
    }

    /// What it will be called.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file, to be written to.
    pub fn file(&self) -> &File {
        self.temporary.as_file()
    }

    /// Gives it its name. Whatever buffers stand in front of it were flushed.
    ///
    /// # Errors
    /// The system refuses.
    pub fn finish(self) -> Result<PathBuf, FileError> {
        let Whole { path, temporary } = self;
        match temporary.persist(&path) {
            Ok(_) => Ok(path),
            Err(error) => Err(FileError::output(&path, &error.error)),
        }
    }
}

/// The permissions of the file to be replaced, if there is one.
///
/// Renaming over it would succeed on a device or a write-protected file as
/// well, and destroy it, so these are refused.
fn existing_permissions(path: &Path) -> Result<Option<Permissions>, String> {
    match fs::metadata(path) {
        Ok(existing) if !existing.is_file() => Err("it exists and is not a regular file".into()),
        Ok(existing) if existing.permissions().readonly() => Err("it is write-protected".into()),
        Ok(existing) => Ok(Some(existing.permissions())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// In the same folder, since a rename cannot cross file systems.
fn temporary_beside(path: &Path, permissions: Option<Permissions>) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.file_name().is_none() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".static-call-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is private by default; a new result is as readable
        // as the user's mask lets any new file be.
        builder.permissions(Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(folder).map_err(|error| {
        // The crate's message names the temporary file, which nobody asked for.
        io::Error::from(error.kind())
    })?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    Ok(temporary)
}

/// Where a program's plugin is: the one that is given, or the one of this package.
///
/// # Errors
/// It is not there. Said now, rather than half-way.
pub fn plugin(given: Option<&Path>, package: &'static str) -> Result<PathBuf, FileError> {
    match given {
        Some(path) => readable(path),
        None => beside_the_program(package),
    }
}

/// The absolute path of `path`: the loader would search for a bare name.
fn readable(path: &Path) -> Result<PathBuf, FileError> {
    let found = File::open(path).and_then(|_| path.canonicalize());
    found.map_err(|source| FileError::OpenPlugin {
        path: path.to_owned(),
        source,
    })
}

/// The example plugin. Cargo leaves a dependency's shared object in `deps`; a copy right beside
/// the program may come from an earlier build of the plugin alone, so it is only second best.
fn beside_the_program(package: &'static str) -> Result<PathBuf, FileError> {
    let name = format!("{DLL_PREFIX}{}{DLL_SUFFIX}", package.replace('-', "_"));
    let program = env::current_exe().unwrap_or_default();
    let folder = program.parent().unwrap_or(Path::new("."));
    let looked = vec![folder.join("deps").join(&name), folder.join(&name)];
    match looked.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(FileError::NoPlugin { package, looked }),
    }
}

//! The checks that need no code of the plugin to run: on its file.
//!
//! `dlopen` maps what the program headers say, and touching a page past the end
//! of the file kills the process; and it runs initializers. So the file's shape
//! and the plugin's header are checked before it is called.

use std::path::Path;

use object::read::elf::FileHeader;
use object::{Architecture, Object, ObjectKind, ObjectSegment, ObjectSymbol, elf};

use super::PluginError;
use super::manifest::{HEADER_SYMBOL, Header};

const ARCHITECTURE: Architecture = if cfg!(target_arch = "x86_64") {
    Architecture::X86_64
} else if cfg!(target_arch = "aarch64") {
    Architecture::Aarch64
} else {
    Architecture::Unknown
};

/// Refuses what is no whole plugin of this compiler and this version. Returns the
/// file's content, to be compared with what is then loaded.
pub(super) fn check(path: &Path) -> Result<Vec<u8>, PluginError> {
    let bytes = std::fs::read(path).map_err(|source| PluginError::Open {
        path: path.to_owned(),
        source,
    })?;
    check_bytes(path, &bytes)?;
    Ok(bytes)
}

/// The same, of a file's content.
pub(crate) fn check_bytes(path: &Path, bytes: &[u8]) -> Result<(), PluginError> {
    let refuse = |reason: String| PluginError::NotALibrary {
        path: path.to_owned(),
        reason,
    };
    whole(path, bytes)?;
    let file = object::File::parse(bytes).map_err(|error| refuse(error.to_string()))?;
    if file.kind() != ObjectKind::Dynamic {
        return Err(refuse("it is not a shared library".into()));
    }
    if file.architecture() != ARCHITECTURE {
        return Err(refuse(format!("it is for {:?}", file.architecture())));
    }
    let name = &HEADER_SYMBOL[..HEADER_SYMBOL.len() - 1];
    let header = file
        .dynamic_symbols()
        .filter(|symbol| symbol.name_bytes() == Ok(name))
        .find_map(|symbol| {
            let size = size_of::<Header>() as u64;
            let bytes = file
                .segments()
                .find_map(|segment| segment.data_range(symbol.address(), size).ok().flatten())?;
            Header::read(bytes)
        });
    match header {
        Some(header) => header.check(path),
        None => Err(PluginError::NoManifest {
            path: path.to_owned(),
        }),
    }
}

/// Whether the file holds all that its program headers want mapped. A file cut
/// short must not reach the loader.
fn whole(path: &Path, bytes: &[u8]) -> Result<(), PluginError> {
    let refuse = |reason: String| PluginError::NotALibrary {
        path: path.to_owned(),
        reason,
    };
    let truncated = |needed: u64| PluginError::Truncated {
        path: path.to_owned(),
        needed,
        found: bytes.len() as u64,
    };
    if !bytes.starts_with(&elf::ELFMAG) {
        return Err(refuse("it is not an ELF file".into()));
    }
    let header = elf::FileHeader64::<object::Endianness>::parse(bytes);
    let header = match header {
        Ok(header) => header,
        Err(_) if bytes.len() < size_of::<elf::FileHeader64<object::Endianness>>() => {
            return Err(truncated(64));
        }
        Err(error) => return Err(refuse(error.to_string())),
    };
    let endian = header.endian().map_err(|error| refuse(error.to_string()))?;
    let table = |offset: u64, size: u16, count: u16| {
        offset.saturating_add(u64::from(size) * u64::from(count))
    };
    let tables = [
        table(
            header.e_phoff(endian),
            header.e_phentsize(endian),
            header.e_phnum(endian),
        ),
        table(
            header.e_shoff(endian),
            header.e_shentsize(endian),
            header.e_shnum(endian),
        ),
    ];
    let mut needed = tables.into_iter().max().unwrap_or_default();
    if needed > bytes.len() as u64 {
        return Err(truncated(needed));
    }
    let segments = header
        .program_headers(endian, bytes)
        .map_err(|error| refuse(error.to_string()))?;
    for segment in segments {
        use object::read::elf::ProgramHeader as _;
        let end = segment
            .p_offset(endian)
            .checked_add(segment.p_filesz(endian))
            .ok_or_else(|| refuse("a segment ends past the end of all addresses".into()))?;
        needed = needed.max(end);
    }
    if needed > bytes.len() as u64 {
        return Err(truncated(needed));
    }
    Ok(())
}

#[cfg(test)]
mod tests;

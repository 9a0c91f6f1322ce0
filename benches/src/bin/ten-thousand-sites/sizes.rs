//! Bytes per call site, read from this program's own file.

use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use static_call_benches::rows::Size;

/// Sections that are of call sites only, or nearly so in this program.
const SECTIONS: [(&str, &str); 6] = [
    (
        "linkme_STATIC_CALL_SITES_0_1_0",
        "data: the site, a cache line of its own",
    ),
    ("static_call_text_0_1_0", "code: trampoline"),
    (
        ".rela.dyn",
        "file: relocations (the whole program's, of a PIE)",
    ),
    (
        ".eh_frame",
        "file: unwind tables (the whole program's, callers included)",
    ),
    (
        ".eh_frame_hdr",
        "file: their index (the whole program's, callers included)",
    ),
    (".data.rel.ro", "data: routes (the whole program's section)"),
];
/// Parts of the names of functions that stand in this program 10,000 times.
const FUNCTIONS: [(&str, &str); 2] = [
    ("__fallback_step", "code: fallback shim, median"),
    (
        "5SITES4call",
        "code: caller (plain call, switch, call of the trampoline), median",
    ),
];

/// Reads what this program's file says.
///
/// # Errors
/// A file that cannot be read, in words.
pub(crate) fn per_site(sites: usize) -> Result<Vec<Size>, String> {
    let path = std::env::current_exe().map_err(|error| error.to_string())?;
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let file = object::File::parse(&*bytes).map_err(|error| error.to_string())?;
    let mut rows: Vec<Size> = SECTIONS
        .iter()
        .filter_map(|(name, what)| {
            let section = file.section_by_name(name)?;
            Some(size(what, section.size(), sites))
        })
        .collect();
    for (part, what) in FUNCTIONS {
        let mut functions: Vec<u64> = file
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Text)
            .filter(|symbol| symbol.name().is_ok_and(|name| name.contains(part)))
            .map(|symbol| symbol.size())
            .collect();
        functions.sort_unstable();
        if let Some(median) = functions.get(functions.len() / 2) {
            rows.push(size(what, *median, 1));
        }
    }
    Ok(rows)
}

fn size(what: &str, bytes: u64, sites: usize) -> Size {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let bytes_per_site = bytes as f64 / sites.max(1) as f64;
    Size {
        what: what.to_owned(),
        bytes_per_site,
    }
}

//! The file's check on a smallest plugin, and on whatever that becomes when bytes
//! of it change.

use proptest::prelude::*;

use super::*;

const PAGE: usize = 0x200;

/// The smallest file that passes: ELF header, one segment, a symbol table with the
/// header's symbol, section headers.
fn smallest() -> Vec<u8> {
    smallest_with(b"")
}

/// The same, with more names in its table.
fn smallest_with(more: &[u8]) -> Vec<u8> {
    let name = b"\0STATIC_CALL_PLUGIN_HEADER_V1\0.dynsym\0.dynstr\0";
    let name = &[name, more].concat()[..];
    let mut file = vec![0; PAGE];
    let put = |file: &mut Vec<u8>, at: usize, bytes: &[u8]| {
        if file.len() < at + bytes.len() {
            file.resize(at + bytes.len(), 0);
        }
        file[at..at + bytes.len()].copy_from_slice(bytes);
    };
    let words =
        |numbers: &[u64]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_le_bytes()).collect() };
    let this = Header::THIS;
    // SAFETY: a header is plain bytes, and `this` outlives the slice.
    let header =
        unsafe { std::slice::from_raw_parts((&raw const this).cast::<u8>(), size_of::<Header>()) };
    put(&mut file, PAGE, header);
    let strings = PAGE + header.len();
    put(&mut file, strings, name);
    let symbols = (strings + name.len()).next_multiple_of(8);
    put(&mut file, symbols, &[0; 24]);
    // Name 1, a global object, defined in section 1, at its address in the file.
    put(&mut file, symbols + 24, &[1, 0, 0, 0, 0x11, 0, 1, 0]);
    put(
        &mut file,
        symbols + 32,
        &words(&[PAGE as u64, header.len() as u64]),
    );
    let sections = symbols + 48;
    let section = |name: u32, kind: u32, at: usize, size: usize, link: u32, entry: u64| {
        let mut bytes = Vec::new();
        bytes.extend(name.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(words(&[2, at as u64, at as u64, size as u64]));
        bytes.extend(link.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(words(&[8, entry]));
        bytes
    };
    put(&mut file, sections, &[0; 64]);
    let dynsym = section(30, 11, symbols, 48, 2, 24);
    put(&mut file, sections + 64, &dynsym);
    let dynstr = section(38, 3, strings, name.len(), 0, 0);
    put(&mut file, sections + 128, &dynstr);
    let length = file.len() as u64;
    // One loaded segment, readable, that is the whole file.
    put(&mut file, 64, &[1, 0, 0, 0, 4, 0, 0, 0]);
    put(&mut file, 72, &words(&[0, 0, 0, length, length, 0x1000]));
    put(&mut file, 0, &[0x7F, b'E', b'L', b'F', 2, 1, 1]);
    let machine = if cfg!(target_arch = "aarch64") {
        0xB7
    } else {
        0x3E
    };
    put(&mut file, 16, &[3, 0, machine, 0, 1, 0, 0, 0]);
    put(&mut file, 24, &words(&[0, 64, sections as u64]));
    put(&mut file, 52, &[64, 0, 56, 0, 1, 0, 64, 0, 3, 0, 2, 0]);
    file
}

fn check(bytes: &[u8]) -> Result<(), PluginError> {
    let result = check_bytes(Path::new("a.so"), bytes);
    if let Err(error) = &result {
        let sentence = error.to_string();
        assert!(
            sentence.contains("a.so") && !sentence.contains('\n'),
            "{sentence}"
        );
    }
    result
}

#[test]
fn the_smallest_plugin_passes() {
    check(&smallest()).unwrap();
}

#[test]
fn any_cut_is_refused() {
    let whole = smallest();
    for length in 0..whole.len() {
        assert!(check(&whole[..length]).is_err(), "cut to {length}");
    }
}

/// Section headers usually come last, so that a cut loses them first; but a file
/// without any can be cut too.
#[test]
fn a_segment_past_the_end_is_a_cut_although_all_tables_are_there() {
    let mut bytes = smallest();
    let length = bytes.len() as u64;
    bytes[96..104].copy_from_slice(&(length + 1).to_le_bytes());
    let error = check(&bytes).unwrap_err();
    let PluginError::Truncated { needed, found, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!((needed, found), (length + 1, length));
}

/// Each byte, and each aligned word, with the values that overflow sums.
#[test]
fn one_changed_number_anywhere_is_no_panic() {
    let whole = smallest();
    let mut refused = 0;
    for at in 0..whole.len() {
        for value in [0, 1, 0x7F, 0x80, 0xFE, 0xFF] {
            let mut changed = whole.clone();
            changed[at] = value;
            refused += u32::from(check(&changed).is_err());
        }
    }
    for at in (0..whole.len() - 8).step_by(4) {
        for value in [
            0,
            1,
            u64::MAX,
            u64::MAX - 7,
            i64::MAX as u64,
            1 << 32,
            0xFFFF_FFFF,
        ] {
            let mut changed = whole.clone();
            changed[at..at + 8].copy_from_slice(&value.to_le_bytes());
            refused += u32::from(check(&changed).is_err());
        }
    }
    println!("{refused} changed files refused");
    assert!(refused > 1000);
}

/// A file in the folder for temporary ones.
fn written(name: &str, bytes: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("static-call-{name}-{}", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_was_checked_is_what_the_name_leads_to_whatever_lies_at_the_path() {
    let path = written("checked", &smallest());
    let (one, other) = (super::check(&path).unwrap(), super::check(&path).unwrap());
    std::fs::rename(written("other", b"another file"), &path).unwrap();
    let names = [one.name(), one.name(), other.name()].map(Option::unwrap);
    for name in &names {
        assert_eq!(
            std::fs::read(name).unwrap(),
            smallest(),
            "{}",
            name.display()
        );
    }
    // The loader compares them as text.
    assert!(names[0].as_os_str() != names[1].as_os_str());
    assert!(names[0].as_os_str() != names[2].as_os_str());
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_library_that_has_others_beside_it_is_loaded_by_its_path() {
    let path = written("origin", &smallest_with(b"$ORIGIN/lib\0"));
    let opened = super::check(&path).unwrap();
    assert_eq!(opened.name(), None);
    assert!(opened.is_at(&path));
    // Another file there, of no code at all: the loader is not asked.
    let other = written("origin-other", b"");
    std::fs::rename(other, &path).unwrap();
    // SAFETY: nothing is loaded.
    let loaded = unsafe { super::super::Plugin::load_checked(&path, opened) };
    assert!(matches!(loaded, Err(PluginError::Replaced { .. })));
    std::fs::remove_file(path).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        prop_assert!(check(&bytes).is_err());
    }

    #[test]
    fn changed_bytes_are_no_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
        more in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut bytes = smallest();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(more);
        let _ = check(&bytes);
    }

    #[test]
    fn another_compilers_or_versions_text_is_named_whatever_it_holds(
        at in 0..240_usize, value in any::<u8>()
    ) {
        let mut bytes = smallest();
        prop_assume!(bytes[PAGE + 16 + at] != value);
        bytes[PAGE + 16 + at] = value;
        let right = matches!(
            check(&bytes),
            Err(PluginError::Rustc { .. } | PluginError::Version { .. })
        );
        prop_assert!(right);
    }
}

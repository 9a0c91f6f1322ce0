//! Files that are no plugins, or not whole ones.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use object::{Object, ObjectSymbol};
use static_call::runtime::PluginError;

use crate::{GOOD, HOSTILE, load, plugins, refused, state};

/// A changed copy of the good plugin.
fn edited(name: &str, edit: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let mut bytes = fs::read(&*GOOD).unwrap();
    edit(&mut bytes);
    let path = GOOD.with_file_name(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// A copy in which the 24 bytes of a dynamic symbol are changed; `edit` is told
/// where the plugin's header lies.
pub(super) fn edited_symbol(
    name: &str,
    symbol: &str,
    edit: impl FnOnce(&mut [u8], u64),
) -> PathBuf {
    edited(name, |bytes| {
        let (at, header) = {
            let file = object::File::parse(&bytes[..]).unwrap();
            let find = |name: &str| {
                file.dynamic_symbols()
                    .find(|one| one.name() == Ok(name))
                    .unwrap()
            };
            let table = object::ObjectSection::file_range(
                &object::Object::section_by_name(&file, ".dynsym").unwrap(),
            );
            let index = find(symbol).index().0;
            let at = usize::try_from(table.unwrap().0).unwrap() + index * 24;
            (at, find("STATIC_CALL_PLUGIN_HEADER_V1").address())
        };
        edit(&mut bytes[at..at + 24], header);
    })
}

#[test]
fn a_plugin_cut_at_any_page_is_refused_as_truncated() {
    let _alone = crate::alone();
    let path = plugins::copy_for("cut", &GOOD);
    let whole = fs::metadata(&path).unwrap().len();
    let before = state();
    let mut refusals = 0;
    let last = (whole - 1) / 4096 * 4096;
    for length in (0..=last).rev().step_by(4096) {
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(length)
            .unwrap();
        match refused(&path, &before) {
            PluginError::Truncated { needed, found, .. } => {
                assert_eq!((needed, found), (whole, length));
            }
            // Nothing is left to tell that it was one.
            PluginError::NotALibrary { .. } if length == 0 => {}
            other => panic!("cut to {length} of {whole} bytes: {other:?}"),
        }
        refusals += 1;
    }
    println!("{refusals} cuts of {whole} bytes refused");
}

/// What is done to a file.
type Edit = fn(&mut Vec<u8>);

#[test]
fn what_is_no_plugin_for_this_machine_is_refused_unread() {
    let _alone = crate::alone();
    let before = state();
    // ELF's identification: class, byte order; its type and machine.
    let cases: [(&str, Edit); 8] = [
        ("empty", |bytes| bytes.clear()),
        ("text", |bytes| *bytes = b"#!/bin/sh\nexit 1\n".to_vec()),
        ("32-bit", |bytes| bytes[4] = 1),
        ("big-endian", |bytes| bytes[5] = 2),
        ("no-class", |bytes| bytes[4] = 9),
        ("executable", |bytes| bytes[16] = 2),
        ("aarch64", |bytes| bytes[18] = 0xB7),
        ("zeros", |bytes| bytes[4..].fill(0)),
    ];
    for (name, edit) in cases {
        let path = edited(&format!("{name}.so"), edit);
        let error = refused(&path, &before);
        let right = matches!(
            error,
            PluginError::NotALibrary { .. } | PluginError::Truncated { .. }
        );
        assert!(right, "{name}: {error:?}");
    }
}

/// The most memory that this process had at once, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() << 10
}

#[test]
fn what_is_no_regular_file_is_refused_unopened() {
    let _alone = crate::alone();
    let before = state();
    let pipe = GOOD.with_file_name("pipe.so");
    let _ = fs::remove_file(&pipe);
    let name = std::ffi::CString::new(pipe.to_str().unwrap()).unwrap();
    // SAFETY: a C string.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    for (path, says) in [
        (pipe.as_path(), "regular"),
        (Path::new("/dev/zero"), "regular"),
        (Path::new("/proc/self/fd"), "directory"),
    ] {
        let error = refused(path, &before);
        assert!(
            matches!(&error, PluginError::NotALibrary { reason, .. } if reason.contains(says)),
            "{error:?}"
        );
    }
    fs::remove_file(pipe).unwrap();
}

#[test]
fn a_large_file_takes_no_memory_and_its_own_word_for_its_tables_is_not_taken() {
    const LARGE: u64 = 3 << 30;
    let _alone = crate::alone();
    let before = state();
    let enlarge = |path: &Path| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(LARGE).unwrap();
    };
    let most = peak() + (64 << 20);
    // Nothing but zeros; a plugin with zeros behind it; one that has them for symbols.
    let zeros = edited("zeros-only.so", Vec::clear);
    enlarge(&zeros);
    let error = refused(&zeros, &before);
    assert!(
        matches!(error, PluginError::NotALibrary { .. }),
        "{error:?}"
    );
    let long = plugins::copy_for("long", &GOOD);
    enlarge(&long);
    drop(crate::load(&long).unwrap());
    let table = edited("large-table.so", |bytes| {
        let (offset, count, size) = {
            let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
            let at: [u8; 8] = bytes[0x28..0x30].try_into().unwrap();
            (u64::from_le_bytes(at), word(0x3C), word(0x3A))
        };
        for index in 0..u64::from(count) {
            let at = usize::try_from(offset + index * u64::from(size)).unwrap();
            // `.dynsym`, by its type.
            if bytes[at + 4..at + 8] == 11_u32.to_le_bytes() {
                bytes[at + 0x20..at + 0x28].copy_from_slice(&(LARGE / 24 / 2 * 24).to_le_bytes());
            }
        }
    });
    enlarge(&table);
    let error = refused(&table, &before);
    assert!(
        matches!(error, PluginError::NotALibrary { .. }),
        "{error:?}"
    );
    assert!(peak() < most, "{} bytes where {most} were enough", peak());
    for path in [zeros, long, table] {
        fs::remove_file(path).unwrap();
    }
}

/// The plugin's own word, which makes the loader look for it by its path: in place of a name
/// that nobody has to define.
fn with_origin(bytes: &mut [u8]) {
    const FROM: &[u8] = b"_ITM_registerTMCloneTable";
    const TO: &[u8] = b"$ORIGIN_a_name_of_nothing";
    let found = bytes.windows(FROM.len()).position(|window| window == FROM);
    bytes[found.unwrap()..][..TO.len()].copy_from_slice(TO);
}

#[test]
fn a_plugin_that_is_loaded_by_its_path_is_refused_if_that_leads_elsewhere_by_then() {
    let _alone = crate::alone();
    let before = state();
    let mut bytes = fs::read(&*HOSTILE).unwrap();
    with_origin(&mut bytes);
    let path = HOSTILE.with_file_name("by-its-path.so");
    fs::write(&path, &bytes).unwrap();
    drop(crate::load(&path).unwrap());
    // The same content, so that nothing else tells them apart.
    let other = path.with_extension("other");
    fs::write(&other, &bytes).unwrap();
    let set = |value: Option<(&Path, &Path)>| {
        for (name, value) in [
            ("STATIC_CALL_TEST_PUT", value.map(|(put, _)| put)),
            ("STATIC_CALL_TEST_IN_PLACE_OF", value.map(|(_, own)| own)),
        ] {
            match value {
                // SAFETY: the tests here are one at a time, and read no environment beside
                // each other.
                Some(value) => unsafe { std::env::set_var(name, value) },
                // SAFETY: as above.
                None => unsafe { std::env::remove_var(name) },
            }
        }
    };
    set(Some((&other, &path)));
    let error = load(&path).map(drop);
    set(None);
    assert!(
        matches!(error, Err(PluginError::Replaced { .. })),
        "{error:?}"
    );
    assert_eq!(state(), before);
    assert!(!other.exists(), "the initializer has run");
    fs::remove_file(path).unwrap();
}

//! Files that are no plugins, or not whole ones.

use std::fs::{self, File};
use std::path::PathBuf;

use object::{Object, ObjectSymbol};
use static_call::runtime::PluginError;

use crate::{GOOD, plugins, refused, state};

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

#[test]
fn what_is_no_plugin_for_this_machine_is_refused_unread() {
    let _alone = crate::alone();
    let before = state();
    // ELF's identification: class, byte order; its type and machine.
    let cases: [(&str, fn(&mut Vec<u8>)); 8] = [
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

//! Every address in a manifest, and in all that it leads to, forged in turn.

use libloading::Library;
use static_call::runtime::PluginError;

use crate::{HOSTILE, Own, State, apply, load, object, plugins, refused, state};

/// What a word of the manifest is, and so which values are wrong for it.
#[derive(Clone, Copy, PartialEq)]
enum Word {
    /// The address of something.
    Data,
    /// The same, and null is right: it means nothing.
    Optional,
    /// The address of something that is written.
    Written,
    /// The address of the room for chains; null is right.
    Room,
    /// The address of a text.
    Text,
    /// How many elements of some size there are.
    Length,
    /// The address of a function.
    Function,
    /// The same, and null is right: the record stands for none.
    FunctionOrNone,
}
use Word::{Data, Function, FunctionOrNone, Length, Optional, Room, Text, Written};

/// (number of the part in the fixture, its name, its words by index).
type Part = (usize, &'static str, &'static [(usize, Word)]);

const PARTS: [Part; 16] = [
    (
        1,
        "manifest",
        &[
            (0, Data),
            (1, Length),
            (2, Data),
            (3, Length),
            (4, Written),
            (5, Length),
            (6, Data),
            (7, Length),
            (8, Data),
            (9, Length),
            (10, Data),
            (11, Length),
            (12, Data),
            (13, Length),
            (14, Data),
            (15, Length),
            (16, Function),
            (17, Room),
            (18, Data),
            (19, Length),
            (20, Data),
            (21, Length),
            // Where the manifest itself is said to lie.
            (22, Data),
        ],
    ),
    (
        2,
        "trait",
        &[
            (0, Text),
            (1, Length),
            (2, Text),
            (3, Length),
            (4, Optional),
            (5, Length),
            (7, Data),
            (8, Length),
            (9, Optional),
            (10, Optional),
        ],
    ),
    (3, "method", &[(0, Text), (1, Length)]),
    (
        4,
        "site",
        &[
            // Its profile and its route, if there are any; its place.
            (2, Optional),
            (3, Optional),
            (4, Data),
        ],
    ),
    (
        5,
        "constructor",
        &[
            (0, Text),
            (1, Length),
            (2, Function),
            (3, Function),
            (4, Function),
            (5, Function),
        ],
    ),
    (6, "registered implementation", &[(0, Function)]),
    (
        7,
        "table",
        &[
            (0, Data),
            (1, Function),
            (2, Function),
            (4, Data),
            (5, Length),
        ],
    ),
    (8, "implementation", &[(0, Data), (1, Data)]),
    (
        9,
        "call site's place",
        &[(0, Text), (1, Length), (2, Text), (3, Length)],
    ),
    (
        10,
        "binding",
        &[
            (0, Text),
            (1, Length),
            (2, Text),
            (3, Length),
            (4, Optional),
            (5, Length),
            (6, Text),
            (7, Length),
            (9, Function),
            (10, Function),
            (12, Function),
            (13, Function),
            (14, Function),
            (15, Function),
        ],
    ),
    (
        11,
        "binding's trampoline",
        &[(0, Function), (1, Function), (2, Function), (3, Function)],
    ),
    (13, "call site's key", &[(1, FunctionOrNone)]),
    (
        14,
        "call site's trampoline",
        &[(0, Function), (1, FunctionOrNone)],
    ),
    (
        15,
        "call site's route",
        &[
            (0, Data),
            (2, Function),
            (3, Function),
            (4, Function),
            (5, Optional),
        ],
    ),
    (
        16,
        "static key",
        &[
            (0, Text),
            (1, Length),
            (2, Text),
            (3, Length),
            (4, Optional),
            (5, Length),
            (6, Text),
            (7, Length),
            (9, Function),
            (10, Written),
        ],
    ),
    (17, "static key's place", &[(1, FunctionOrNone)]),
];

type Forge = unsafe extern "C" fn(usize, usize, usize);

/// Memory that is not the library's, and memory of it that is not writable.
struct Addresses {
    outside: Vec<usize>,
    read_only: usize,
    /// Memory and code of the library that is no room for chains.
    not_a_room: Vec<usize>,
}

fn wrong(word: Word, addresses: &Addresses) -> Vec<usize> {
    let nowhere = [1, 0x1000, usize::MAX - 7, 1 << 47, 0x8000_0000_0000_0000];
    let mut values = match word {
        Length => vec![usize::MAX, isize::MAX as usize, 1 << 61, 1 << 40, 1 << 26],
        _ => [&nowhere[..], &addresses.outside].concat(),
    };
    if matches!(word, Data | Written | Text | Function) {
        values.push(0);
    }
    if matches!(word, Written | Room | Function | FunctionOrNone | Text) {
        values.push(addresses.read_only);
    }
    if word == Room {
        values.extend(&addresses.not_a_room);
    }
    values
}

#[test]
fn an_address_outside_of_the_plugin_is_refused_wherever_it_stands() {
    static OUTSIDE: [u64; 16] = [7; 16];
    let _alone = crate::alone();
    let path = plugins::copy_for("forged", &HOSTILE);
    let heap: Box<[u64; 512]> = Box::new([0; 512]);
    let local = [0_u64; 16];
    let before = state();
    let mut forged = 0;
    for (part, name, words) in PARTS {
        for &(word, kind) in words {
            // SAFETY: the fixture's initializers do nothing, and its symbols have
            // these types.
            let library = unsafe { Library::new(&path).unwrap() };
            // SAFETY: as above.
            let (forge, read_only, no_room) = unsafe {
                (
                    *library.get::<Forge>(b"static_call_test_forge").unwrap(),
                    *library
                        .get::<*const u8>(b"STATIC_CALL_TEST_NO_TEXT")
                        .unwrap(),
                    library
                        .get::<*const u8>(b"STATIC_CALL_TEST_NO_ROOM")
                        .unwrap()
                        .addr(),
                )
            };
            // The code that forges, from the start of its page.
            let code = forge as *const () as usize & !4095;
            let addresses = Addresses {
                outside: vec![
                    (&raw const OUTSIDE).addr(),
                    (&raw const *heap).addr(),
                    (&raw const local).addr(),
                    // Code, but the host's.
                    apply as *const () as usize,
                ],
                read_only: read_only.addr(),
                not_a_room: vec![no_room, no_room + 64, no_room + (1 << 30), code],
            };
            for value in wrong(kind, &addresses) {
                // SAFETY: as above.
                unsafe { forge(part, word, value) };
                let error = load(&path).err();
                let Some(PluginError::Manifest { reason, .. }) = &error else {
                    panic!("{name}, word {word} = {value:#x}: {error:?}");
                };
                if kind != Length {
                    let shown = format!("({value:#x})");
                    let shown = reason.contains(&shown) || part == 8;
                    assert!(shown, "{name}, word {word} = {value:#x}: {reason}");
                }
                forged += 1;
            }
            drop(library);
            assert!(!plugins::is_mapped(&path), "{name}, word {word}");
            assert_eq!(state(), before, "{name}, word {word}");
        }
    }
    println!("{forged} forged manifests refused");
    // The same library, nothing forged.
    let plugin = load(&path).unwrap();
    assert_eq!(apply(&mut *object(&plugin, "fine"), 41), 42);
    assert_eq!(apply(&mut Own, 14), 42);
}

#[test]
fn a_value_that_its_type_does_not_have_is_refused() {
    let _alone = crate::alone();
    let path = plugins::copy_for("values", &HOSTILE);
    let before = state();
    // A chain's capacity, the byte of a call site's lock, a binding's flag, and the distances
    // of a key and its arm, and of a static key's place, which lead out of the library, or to
    // what is no code of it.
    let capacity = [0, 9, 255].map(|value| (3, 2, value, "targets"));
    let lock = [2, 255].map(|value| (4, 0, value << 8, "lock"));
    let flag = [2, 255].map(|value| (10, 11, value, "may be unbound"));
    let far = [0, 0x7FFF_FFFF, 0x8000_0000];
    let key = far.map(|distance| (13, 0, distance, "a call site's key"));
    let arm = far.map(|distance| (13, 2, distance, "a call site's arm"));
    let values = capacity.into_iter().chain(lock).chain(flag);
    let place = far.map(|distance| (17, 0, distance, "a static key's place"));
    let other = far.map(|distance| (17, 2, distance, "a place's other way"));
    let values = values.chain(key).chain(arm).chain(place).chain(other);
    for (part, word, value, shown) in values {
        // SAFETY: as in the test above.
        let library = unsafe { Library::new(&path).unwrap() };
        // SAFETY: as in the test above.
        unsafe { library.get::<Forge>(b"static_call_test_forge").unwrap()(part, word, value) };
        let error = load(&path).unwrap_err();
        assert!(matches!(error, PluginError::Manifest { .. }), "{error:?}");
        assert!(error.to_string().contains(shown), "{error}");
    }
    assert_eq!(state(), before);
}

/// What else lies there would be overwritten.
#[test]
fn nothing_else_that_a_manifest_names_lies_in_its_room_for_chains() {
    let _alone = crate::alone();
    let path = plugins::copy_for("overlap", &HOSTILE);
    let before = state();
    // Traits, call sites, their keys and trampolines, constructors, bindings and static keys:
    // where the manifest has them.
    for (word, shown) in [
        (0, "traits"),
        (4, "sites"),
        (6, "sites' keys"),
        (8, "sites' trampolines"),
        (10, "constructors"),
        (12, "bindings"),
        (18, "static keys"),
    ] {
        // SAFETY: as in the tests above.
        let library = unsafe { Library::new(&path).unwrap() };
        // SAFETY: as in the tests above.
        unsafe { library.get::<Forge>(b"static_call_test_forge").unwrap()(12, word, 0) };
        let error = load(&path).unwrap_err();
        assert!(matches!(error, PluginError::Manifest { .. }), "{error:?}");
        assert!(error.to_string().contains(shown), "{error}");
    }
    assert_eq!(state(), before);
}

/// The symbol's value is an address as it stands, which the loader does not move;
/// in the file it leads to a right header all the same.
#[test]
fn a_header_that_is_not_where_the_file_says_is_refused() {
    let _alone = crate::alone();
    let before = state();
    let header = crate::files::edited_symbol(
        "absolute.so",
        "STATIC_CALL_PLUGIN_HEADER_V1",
        |symbol, _| symbol[6..8].copy_from_slice(&0xFFF1_u16.to_le_bytes()),
    );
    check(&header, &before, "the header");
    let function = crate::files::edited_symbol(
        "not-code.so",
        "static_call_plugin_manifest_v1",
        |symbol, header| symbol[8..16].copy_from_slice(&header.to_le_bytes()),
    );
    check(&function, &before, "the manifest's function");
}

fn check(path: &std::path::Path, before: &State, part: &str) {
    let error = refused(path, before);
    assert!(matches!(error, PluginError::Manifest { .. }), "{error:?}");
    assert!(error.to_string().contains(part), "{error}");
}

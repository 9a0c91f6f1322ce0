//! No file names a room of a higher floor, and no two rooms name each other, on whatever way
//! round: what stands on a floor can be read, and changed, without what stands above.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `runtime/src`, each with its floor; `ARCHITECTURE.md` says what they are.
const ROOMS: &[(u8, &[&str])] = &[
    // The machine, the compiler, and words: nothing of what is dispatched.
    (
        0,
        &[
            "allocations",
            "arch",
            "docs",
            "identity",
            "image",
            "os",
            "selfcheck",
            "slices",
            "sync",
            "vtable",
            "words",
        ],
    ),
    // What a call touches.
    (
        1,
        &[
            "bound",
            "key",
            "library",
            "profile",
            "registry",
            "site",
            "specialize",
            "static_key",
            "trampoline",
            "window",
        ],
    ),
    // Numbers.
    (2, &["config", "costs", "life", "plan"]),
    // Which bytes go where.
    (3, &["publish"]),
    // The process.
    (
        4,
        &[
            "advice",
            "binding",
            "calibrate",
            "engine",
            "events",
            "fuzzing",
            "host",
            "measured",
            "pass",
            "plugin",
            "private",
            "report",
            "runtime",
            "switch",
            "tune",
            "worker",
        ],
    ),
];

/// Modules of tests, which may name what they like.
const TESTS: &[&str] = &["allocations", "simulator", "tests"];

/// One place where a file names another room.
#[derive(Clone)]
struct Arrow {
    from: String,
    to: String,
    /// `file:line`.
    place: String,
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if TESTS.contains(&path.file_stem().unwrap().to_str().unwrap()) {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code without comments, and with blanks for what texts hold: lines stay lines.
fn bare(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if next == '"' {
            let mut ends = rest[1..].char_indices();
            let mut length = rest.len();
            while let Some((at, one)) = ends.next() {
                match one {
                    '\\' => drop(ends.next()),
                    '"' => {
                        length = at + 2;
                        break;
                    }
                    _ => {}
                }
            }
            length
        } else if rest.starts_with("'\"'") || rest.starts_with("'{'") || rest.starts_with("'}'") {
            3
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        code.extend(rest[..length].chars().filter(|one| *one == '\n'));
        rest = &rest[length..];
    }
    code
}

/// From the start of an item: where it ends.
fn end_of_item(code: &str) -> usize {
    let mut depth = 0_u32;
    for (at, one) in code.char_indices() {
        match one {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The code without its tests.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    let start = |text: &str| {
        let starts = ["#[cfg(test)]", "#[cfg(all(test"];
        starts.iter().filter_map(|one| text.find(one)).min()
    };
    while let Some(at) = start(rest) {
        let end = at + end_of_item(&rest[at..]);
        kept += &rest[..at];
        kept.extend(rest[at..end].chars().filter(|one| *one == '\n'));
        rest = &rest[end..];
    }
    kept + rest
}

fn word(text: &str) -> &str {
    let ends = |one: char| !one.is_alphanumeric() && one != '_';
    &text[..text.find(ends).unwrap_or(text.len())]
}

/// The first names of what stands here behind `crate::`, with where they stand: one, or those
/// of a list in braces.
fn heads(code: &str) -> Vec<(usize, &str)> {
    if !code.starts_with('{') {
        return vec![(0, word(code))];
    }
    let (mut depth, mut found) = (0_u32, Vec::new());
    for (at, one) in code.char_indices() {
        match one {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if (one == '{' || one == ',') && depth == 1 {
            let name = code[at + 1..].trim_start();
            found.push((code.len() - name.len(), word(name)));
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// Every place where a file names another room by its path.
fn arrows() -> Vec<Arrow> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(&root).unwrap();
        let parts: Vec<&str> = name.iter().map(|part| part.to_str().unwrap()).collect();
        let from = parts[0].trim_end_matches(".rs");
        // The root declares the rooms, and what it exports.
        if from == "lib" {
            continue;
        }
        let code = without_tests(&bare(&fs::read_to_string(&path).unwrap()));
        // As many times `super` lead from here to the root.
        let up = parts.len() - usize::from(parts.last() == Some(&"mod.rs"));
        for prefix in ["crate::".to_owned(), "super::".repeat(up)] {
            for (at, _) in code.match_indices(&prefix) {
                // `$crate::…` is what expansions say.
                if code[..at].ends_with(['$', ':']) {
                    continue;
                }
                let at = at + prefix.len();
                for (offset, to) in heads(&code[at..]) {
                    let is_macro = code[at + offset + to.len()..].starts_with('!');
                    if to == from || is_macro || floor(to).is_none() {
                        continue;
                    }
                    let line = code[..at + offset].matches('\n').count() + 1;
                    found.push(Arrow {
                        from: from.to_owned(),
                        to: to.to_owned(),
                        place: format!("runtime/src/{}:{line}", name.display()),
                    });
                }
            }
        }
    }
    found
}

fn floor(room: &str) -> Option<u8> {
    let mut floors = ROOMS.iter();
    floors.find_map(|(floor, rooms)| rooms.contains(&room).then_some(*floor))
}

#[test]
fn every_room_has_a_floor() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        there.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    there.remove("lib");
    let named = ROOMS.iter().flat_map(|(_, rooms)| *rooms);
    let named: BTreeSet<_> = named.map(|room| (*room).to_owned()).collect();
    assert_eq!(there, named);
}

#[test]
fn no_file_names_a_room_of_a_higher_floor() {
    let arrows = arrows();
    let has = |from, to| arrows.iter().any(|one| one.from == from && one.to == to);
    assert!(has("engine", "site") && has("publish", "arch") && has("report", "engine"));
    let up = arrows.iter().filter_map(|arrow| {
        let (from, to) = (floor(&arrow.from)?, floor(&arrow.to)?);
        (to > from).then(|| {
            let Arrow {
                place, to: room, ..
            } = arrow;
            format!("{place}: floor {from} reaches up to `{room}` on floor {to}")
        })
    });
    let up: Vec<_> = up.collect();
    assert!(up.is_empty(), "{} times:\n{}", up.len(), up.join("\n"));
}

#[test]
fn no_rooms_of_a_floor_name_each_other_on_whatever_way_round() {
    // Down the stairs there is no circle.
    let mut left = arrows();
    left.retain(|one| floor(&one.from) == floor(&one.to));
    // Whoever names nobody that is left is in no circle, and neither is whom nobody names.
    loop {
        let before = left.len();
        let from: BTreeSet<_> = left.iter().map(|one| one.from.clone()).collect();
        let to: BTreeSet<_> = left.iter().map(|one| one.to.clone()).collect();
        left.retain(|one| from.contains(&one.to) && to.contains(&one.from));
        if left.len() == before {
            break;
        }
    }
    let mut rooms: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for Arrow { from, to, place } in &left {
        rooms.entry((from, to)).or_default().push(place);
    }
    let said = rooms
        .iter()
        .map(|((from, to), places)| format!("`{from}` names `{to}`: {}", places.join(", ")));
    let said: Vec<_> = said.collect();
    assert!(said.is_empty(), "rooms in circles:\n{}", said.join("\n"));
}

//! What is written can be read, and what is no plan is said to be none.

use super::*;

fn entry(line: u32, measured: u64) -> PlanEntry {
    PlanEntry {
        file: "src/rules.rs".into(),
        line,
        column: 9,
        number: (line == 7).then_some(2),
        trait_name: "firewall::rules::Rule".into(),
        method: "matches".into(),
        kind: if line == 9 {
            PlanKind::Chain
        } else {
            PlanKind::Inline
        },
        types: vec![
            PlannedType {
                name: "firewall::Ports<\"x\">".into(),
                share: 0.75,
            },
            PlannedType {
                name: "firewall::Odd".into(),
                share: 0.25,
            },
        ],
        calls_per_second: 1e7,
        ratio: 0.6234,
        interval: (0.61, 0.64),
        measured,
    }
}

fn plan(entries: Vec<PlanEntry>) -> Plan {
    Plan {
        program: "firewall".into(),
        entries,
        source: None,
    }
}

/// A folder of this test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("static-call-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Folder(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("plan.toml")
    }

    fn with(name: &str, content: &[u8]) -> Self {
        let folder = Folder::new(name);
        std::fs::write(folder.file(), content).expect("a file");
        folder
    }

    fn load(&self) -> Result<Plan, PlanError> {
        Plan::load(self.file())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn why(content: &[u8], name: &str) -> String {
    match Folder::with(name, content).load() {
        Err(PlanError::NotAPlan { reason, .. }) => reason,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn what_is_saved_is_read_again() {
    let folder = Folder::new("saved");
    let saved = plan(vec![entry(7, 1_700_000_000), entry(8, 0), entry(9, 5)]);
    saved.save(folder.file()).expect("it can be written");
    let read = folder.load().expect("it can be read");
    assert_eq!(read.entries, saved.entries);
    assert_eq!(read.program(), "firewall");
    assert_eq!(read.source, Some(folder.file().display().to_string()));
    // An empty one as well.
    plan(Vec::new())
        .save(folder.file())
        .expect("it can be written");
    assert_eq!(folder.load().expect("it can be read").entries, []);
    let files = std::fs::read_dir(&folder.0).expect("a folder").count();
    assert_eq!(files, 1, "nothing is left beside it");
}

#[test]
fn a_file_is_written_for_people() {
    let text = plan(vec![entry(7, 1_764_493_800)]).text();
    for part in [
        "# What the call sites",
        "version = 1\nprogram = \"firewall\"\n",
        "[[site]]\ncrate = \"firewall\"\nfile = \"src/rules.rs\"\nline = 7\ncolumn = 9\nnumber = 2\n",
        "trait = \"firewall::rules::Rule\"\nmethod = \"matches\"\nplan = \"inline\"\n",
        "ratio = 0.6234\ninterval = [0.61, 0.64]\nmeasured = \"2025-11-30T09:10:00Z\"\n",
        "[[site.types]]\nname = 'firewall::Ports<\"x\">'\nshare = 0.75\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn what_cannot_be_written_leaves_what_was_there() {
    let folder = Folder::with("kept", b"what was there");
    // A folder cannot be replaced by a file.
    let inside = folder.0.join("folder");
    std::fs::create_dir(&inside).expect("a folder");
    let error = plan(vec![entry(1, 1)]).save(&inside).expect_err("a folder");
    assert!(matches!(error, PlanError::Io { .. }), "{error}");
    let error = plan(Vec::new()).save("/").expect_err("no name");
    assert!(matches!(error, PlanError::Io { .. }), "{error}");
    let files = std::fs::read_dir(&folder.0).expect("a folder").count();
    assert_eq!(files, 2, "nothing is left beside it");
    let there = std::fs::read(folder.file()).expect("it is still there");
    assert_eq!(there, b"what was there");
}

#[test]
fn readers_have_a_whole_plan_while_others_write() {
    let folder = Folder::new("shared");
    plan(vec![entry(1, 1)])
        .save(folder.file())
        .expect("written");
    std::thread::scope(|scope| {
        for writer in 1..3 {
            let folder = &folder;
            scope.spawn(move || {
                for length in 1..40 {
                    let entries = (0..length).map(|line| entry(line, writer));
                    let plan = plan(entries.collect());
                    plan.save(folder.file()).expect("written");
                }
            });
        }
        for _ in 0..100 {
            let read = folder.load().expect("whole at any time");
            let lines: Vec<_> = read.entries.iter().map(|one| one.line).collect();
            let whole: Vec<u32> = (0..lines.len()).map(|line| line as u32).collect();
            assert!(lines == whole || lines == [1], "{lines:?}");
        }
    });
}

#[test]
fn what_is_no_plan_is_said_to_be_none() {
    assert!(matches!(
        Plan::load("/nowhere/plan.toml"),
        Err(PlanError::Io { .. })
    ));
    let folder = Folder::new("folder");
    assert!(matches!(
        Plan::load(&folder.0),
        Err(PlanError::NotAPlan { .. })
    ));
    why(b"", "empty");
    why(b"\x7fELF\x02\x01\xff\xfe", "program");
    assert!(why(b"name = 'Cargo'", "other-toml").contains("version"));
    assert!(why(b"version = 1\nsites = []", "other-field").contains("unknown field"));
    assert!(why(b"version = 'one'", "version").contains("line 1"));
}

#[test]
fn a_damaged_file_is_refused_as_a_whole_and_says_where() {
    let good = plan(vec![entry(7, 100), entry(8, 100)]).text();
    let damage = |from: &str, to: &str| good.replacen(from, to, 1);
    for (damaged, said) in [
        (damage("line = 8", "line = "), "line"),
        (damage("line = 8\n", ""), "missing field `line`"),
        (damage("line = 8", "line = -8"), "line"),
        (
            damage("'inline'", "'sideways'").replace("\"inline\"", "\"sideways\""),
            "sideways",
        ),
        (damage("share = 0.75", "share = 75"), "a share from 0 to 1"),
        (
            damage("ratio = 0.6234", "ratio = nan"),
            "a ratio is above 0",
        ),
        (damage("ratio = 0.6234", "ratio = -1"), "a ratio is above 0"),
        (damage("1970-01-01T00:01:40Z", "yesterday"), "yesterday"),
        (
            damage("1970-01-01T00:01:40Z", "1970-13-01T00:01:40Z"),
            "1970-13",
        ),
        (good[..good.len() - 30].to_owned(), "line"),
    ] {
        assert_ne!(damaged, good, "{said}");
        let reason = why(damaged.as_bytes(), "damaged");
        assert!(reason.contains(said), "{said:?} is not in {reason:?}");
    }
    // Bit by bit: a plan or none, and no panic.
    let bytes = good.as_bytes();
    for at in (0..bytes.len()).step_by(7) {
        let mut one = bytes.to_vec();
        one[at] ^= 1 << (at % 8);
        let _ = Folder::with("bits", &one).load();
    }
}

#[test]
fn a_newer_version_is_refused_even_if_it_looks_different() {
    let content = b"version = 2\nwhat = 'nobody knows yet'\n";
    let error = Folder::with("newer", content).load().expect_err("newer");
    assert!(
        matches!(
            error,
            PlanError::Newer {
                version: 2,
                known: 1,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("tune again"), "{error}");
}

#[test]
fn of_two_plans_the_newer_measurement_is_kept_site_by_site() {
    let mut other = entry(1, 30);
    other.ratio = 0.9;
    let old = plan(vec![entry(1, 20), entry(2, 20), entry(3, 20)]);
    let new = plan(vec![other.clone(), entry(2, 10), entry(4, 10)]);
    let merged = old.clone().merge(new.clone());
    let measured = |plan: &Plan| -> Vec<_> {
        let entries = plan.entries().iter();
        entries.map(|one| (one.line, one.measured)).collect()
    };
    assert_eq!(measured(&merged), [(1, 30), (2, 20), (3, 20), (4, 10)]);
    assert_eq!(merged.entries()[0], other);
    assert_eq!(new.merge(old).entries(), merged.entries(), "in any order");
    assert_eq!(merged.program(), "firewall");
}

#[test]
fn a_number_tells_sites_of_one_place_apart_and_unpacked_crates_have_no_folder() {
    let mut first = entry(7, 1);
    first.number = Some(1);
    let both = plan(vec![first]).merge(plan(vec![entry(7, 1)]));
    assert_eq!(both.entries().len(), 2);
    let (here, there) = (
        "/home/a/.cargo/registry/src/x-1/rules-0.3.0/src/lib.rs",
        "/b/registry/src/y/rules-0.3.0/src/lib.rs",
    );
    let at = |file: &str, measured| {
        let mut one = entry(1, measured);
        one.file = file.into();
        plan(vec![one])
    };
    assert_eq!(at(here, 1).merge(at(there, 2)).entries().len(), 1);
    assert_eq!(super::super::short_path("src/lib.rs"), "src/lib.rs");
}

#[test]
fn dates_are_those_of_the_calendar() {
    for (seconds, date) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_764_493_800, "2025-11-30T09:10:00Z"),
        (4_102_444_799, "2099-12-31T23:59:59Z"),
    ] {
        assert_eq!(super::date(seconds), date);
        assert_eq!(super::seconds(date), Some(seconds));
    }
    for day in (0..60_000_u64).map(|day| day * 86_400) {
        assert_eq!(super::seconds(&super::date(day)), Some(day));
    }
}

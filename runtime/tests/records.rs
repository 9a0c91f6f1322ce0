//! Linkers keep every record, also of what nobody calls: what a report says is all there is.

use static_call::__private::{DECLARATIONS, IMPLEMENTATIONS, STATIC_KEYS, TraitDeclaration};
use static_call::runtime;
use static_call::{binding, specialize, static_call, static_dispatch, static_key};
use static_call_fixture_api as _;

#[static_dispatch]
trait Note {
    #[static_dispatch]
    fn frequency(&self) -> f64;
}

struct Fork(f64);

// Never made into an object.
#[static_dispatch]
impl Note for Fork {
    fn frequency(&self) -> f64 {
        self.0
    }
}

#[static_dispatch]
trait Still: Send + Sync {
    #[static_dispatch]
    fn still(&self) -> f64;
}

impl Still for Fork {
    fn still(&self) -> f64 {
        self.0
    }
}

binding! {
    // Never asked for, nor called.
    static PITCH: dyn Still = Fork(440.0);
}

static_key! {
    static MUTE: bool = false;
}

// Reached by no call that is ever made, and kept by the compiler, which cannot know.

fn without_a_list(note: &dyn Note) -> f64 {
    static_call!(note.frequency())
}

fn with_a_list(note: &dyn Note) -> f64 {
    static_call!(note.frequency(), inline = [Fork])
}

fn generic<T>(note: &dyn Note) -> f64 {
    static_call!(note.frequency()) + f64::from(u8::from(size_of::<T>() > 1))
}

fn region(note: &dyn Note) -> f64 {
    specialize!(note: [Fork] in { note.frequency() })
}

mod elsewhere {
    use static_call::{static_call, static_dispatch};

    #[static_dispatch]
    pub(crate) trait Other {
        #[static_dispatch]
        fn other(&self) -> u8;
    }

    pub(crate) fn other(one: &dyn Other) -> u8 {
        static_call!(one.other())
    }
}

type Call = fn(&dyn Note) -> f64;

#[test]
fn whatever_a_program_declares_is_in_its_report() {
    let calls: [Call; 5] = [
        without_a_list,
        with_a_list,
        generic::<u8>,
        generic::<u64>,
        region,
    ];
    std::hint::black_box((calls, elsewhere::other as fn(&dyn elsewhere::Other) -> u8));
    std::hint::black_box(MUTE.enabled());
    let report = runtime::report();
    let here = |location: &str| location.replace('\\', "/").contains("tests/records.rs:");
    let sites = report.sites.iter().filter(|one| here(&one.location));
    let sites: Vec<_> = sites.map(|one| one.method.as_str()).collect();
    let expected = ["frequency"; 3].into_iter().chain(["other"]);
    assert_eq!(sites, expected.collect::<Vec<_>>(), "{report}");
    assert!(report.bindings.iter().any(|one| one.name == "PITCH"));
    let regions = report.regions.iter().filter(|one| here(&one.location));
    assert_eq!(regions.count(), 1, "{report}");
    assert!(report.static_keys.iter().any(|one| one.name == "MUTE"));
    // Two are of another crate, as are some traits.
    assert_eq!(STATIC_KEYS.len(), 3);
    let names: Vec<_> = DECLARATIONS.iter().map(TraitDeclaration::name).collect();
    for name in ["Note", "Still", "Other", "Filter", "Gauge"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert_eq!(IMPLEMENTATIONS.len(), 1);
}

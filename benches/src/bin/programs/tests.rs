//! Every program means the same in every way.

use std::collections::HashSet;
use std::sync::Mutex;

use static_call::runtime::{self, Backend, Config, Mode, State};

use crate::measure::{open, round};
use crate::program::Size;
use crate::ways::Way;

/// Runs every program in all its ways, `between` after each round.
fn agree(rounds: usize, between: impl Fn()) {
    /// Each program brings its sites, and passes are for all of them.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock();
    for program in Way::Plain.programs() {
        let mut works = open(program.name, Size::Tiny).unwrap();
        let order: Vec<usize> = (0..works.len()).collect();
        let mut seconds = vec![0.0; works.len()];
        for number in 0..rounds {
            round(&mut works, number, &order, &mut seconds)
                .unwrap_or_else(|error| panic!("{}: {error}", program.name));
            between();
        }
    }
}

#[test]
fn every_program_gives_the_same_in_every_way() {
    agree(3, || {});
}

#[test]
fn every_program_gives_the_same_in_every_way_while_its_calls_are_patched() {
    runtime::configure(Config::default().mode(Mode::Always)).unwrap();
    agree(12, || {
        // Where nothing can be patched, calls are plain, and give the same, too.
        let _ = runtime::retarget();
    });
    let sites = runtime::sites();
    let on = |state| sites.iter().filter(|site| site.state == state).count();
    let (patched, inlined) = (on(State::Patched), on(State::Inlined));
    assert!(
        runtime::backend() != Backend::Patching || patched + inlined > 0,
        "{patched} patched, {inlined} inlined"
    );
}

#[test]
fn every_way_has_the_same_programs_under_names_of_their_own() {
    let names = |way: Way| -> Vec<_> {
        let programs = way.programs().into_iter();
        programs.map(|program| program.name).collect()
    };
    let plain = names(Way::Plain);
    for way in [Way::Control, Way::Sites, Way::Listed] {
        assert_eq!(names(way), plain, "{way:?}");
    }
    let regions = Way::Plain.programs().into_iter();
    let regions = regions.filter(|program| Way::Specialized.applies(program));
    let regions: Vec<_> = regions.map(|program| program.name).collect();
    assert_eq!(names(Way::Specialized), regions);
    let set: HashSet<_> = plain.iter().collect();
    assert_eq!(set.len(), plain.len());
    assert!(plain.len() >= 20);
}

#[test]
fn the_readme_says_what_each_program_does() {
    let readme = include_str!("../../../README.md");
    for program in Way::Plain.programs() {
        let row = format!("| `{}` | {} |", program.name, program.about);
        assert!(readme.contains(&row), "{row}");
    }
}

#[test]
fn a_way_that_gives_something_else_is_named() {
    let mut works = open("skewed", Size::Tiny).unwrap();
    let (_, other) = open("even", Size::Tiny).unwrap().remove(0);
    works[2].1 = other;
    let mut seconds = vec![0.0; works.len()];
    let order: Vec<usize> = (0..works.len()).collect();
    let error = round(&mut works, 0, &order, &mut seconds).unwrap_err();
    assert!(error.contains("Sites gives 0x"), "{error}");
}

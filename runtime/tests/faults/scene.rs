//! What a process does that is refused something, and what it sees.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::ops::Range;

use static_call::runtime::{self, Backend, Config, Mode, Plugin};
use static_call::{SwapError, binding, static_call, static_dispatch};

#[static_dispatch]
trait Steady {
    #[static_dispatch(targets = 2)]
    fn short(&self, x: u64) -> u64;
    #[static_dispatch(targets = 8)]
    fn long(&self, x: u64) -> u64;
}

struct Plus<const N: u64>;

impl<const N: u64> Steady for Plus<N> {
    fn short(&self, x: u64) -> u64 {
        x + N
    }
    fn long(&self, x: u64) -> u64 {
        x * (N + 1)
    }
}

static KINDS: [&(dyn Steady + Sync); 6] = [
    &Plus::<0>, &Plus::<1>, &Plus::<2>, &Plus::<3>, &Plus::<4>, &Plus::<5>,
];

/// Bound to one after the other: each answers with a number of its own, which its code
/// and its data agree on.
#[static_dispatch]
trait Bound: Send + Sync {
    #[static_dispatch(none = 0)]
    fn number(&self, x: u64) -> u64;
    #[static_dispatch(none = [0; 3])]
    fn numbers(&self, x: u64) -> [u64; 3];
}

struct Is<const N: u64>(u64);

impl<const N: u64> Bound for Is<N> {
    fn number(&self, x: u64) -> u64 {
        x * N + self.0
    }
    fn numbers(&self, x: u64) -> [u64; 3] {
        [x, N, self.0]
    }
}

binding! { static BOUND: dyn Bound = Is::<1>(1); }

/// Asserts that each method is wholly one object's, and returns whose.
fn bound(x: u64) -> [u64; 2] {
    let [same, code, data] = BOUND.numbers(x);
    assert_eq!((same, code), (x, data), "data and code of two objects");
    let number = BOUND.number(100);
    assert_eq!(number % 101, 0, "data and code of two objects");
    [number / 101, code]
}

/// What was done and what came of it.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) calls: u64,
    pub(crate) passes: u64,
    pub(crate) published: u64,
    pub(crate) refused: u64,
    pub(crate) swaps: u64,
    pub(crate) swaps_refused: u64,
}

impl Tally {
    /// Swaps, boxes too. What a swap that succeeds has bound is called by all methods;
    /// after one that is refused each method is an object's that was bound or was to be.
    pub(crate) fn swap(&mut self) {
        static FOUR: Is<4> = Is(4);
        let mut known = bound(3);
        for number in [2, 3, 4, 2, 3] {
            let before = BOUND.load();
            let swapped = match number {
                2 => BOUND.swap_boxed(Box::new(Is::<2>(2))),
                3 => BOUND.swap_boxed(Box::new(Is::<3>(3))),
                _ => BOUND.swap(&FOUR),
            };
            let now = bound(5);
            match swapped {
                Ok(_) => {
                    self.swaps += 1;
                    assert_eq!(now, [number; 2]);
                }
                Err(error @ SwapError::Refused { .. }) => {
                    self.swaps_refused += 1;
                    assert!(now.iter().all(|now| *now == number || known.contains(now)));
                    // Methods may be the new object's already: then it is kept for good.
                    let still = std::ptr::addr_eq(&raw const *before, &raw const *BOUND.load());
                    assert!(still, "what was bound is what is loaded");
                    println!("swap refused: {error}");
                }
                Err(error) => panic!("{error}"),
            }
            known = now;
        }
    }

    /// Calls, mostly on kinds that depend on `round`. Every result is checked.
    pub(crate) fn call(&mut self, round: usize) {
        for x in 0..240_u64 {
            let often = round + usize::from(x % 3 == 0) + 2 * usize::from(x % 7 == 0);
            for which in [often % 6, (often + 4) % 6, usize::try_from(x).unwrap() % 6] {
                let (object, n) = (KINDS[which], which as u64);
                assert_eq!(static_call!(object.short(x)), x + n);
                assert_eq!(static_call!(object.long(x)), x * (n + 1));
                self.calls += 2;
            }
        }
    }

    /// One pass.
    pub(crate) fn retarget(&mut self) {
        self.passes += 1;
        match runtime::retarget() {
            Ok(outcome) => self.published += outcome.published as u64,
            Err(error) => {
                self.refused += 1;
                println!("refused: {error}");
            }
        }
    }

    /// Windows opened anew, calls, and passes: a new chain, if there can be any.
    pub(crate) fn round(&mut self, round: usize) {
        for mode in [Mode::Off, Mode::Always] {
            let config = Config::default().mode(mode).window(100);
            runtime::configure(config).unwrap();
            self.retarget();
        }
        self.call(round);
        self.swap();
        self.retarget();
        self.call(round);
        bound(7);
    }
}

/// This process's memory and open files; works where nothing can be opened.
pub(crate) struct Watch {
    maps: File,
    /// Made once: what is asked of the allocator here is not what is looked for.
    content: String,
}

/// What must not grow while plans change.
#[derive(Debug, PartialEq)]
pub(crate) struct Holdings {
    /// Bytes mapped outside of the program's trampolines and its room for chains. Within
    /// these, pages of code take the place of what was mapped there, each as a mapping of
    /// its own perhaps: as many as there are pages, and nothing is held besides. The heap
    /// and the stack are whose they are; larger pieces of memory are not.
    pub(crate) elsewhere: usize,
    pub(crate) files: usize,
}

unsafe extern "C" {
    #[link_name = "__start_static_call_text_0_1_0"]
    static TEXT_START: u8;
    #[link_name = "__stop_static_call_text_0_1_0"]
    static TEXT_END: u8;
    #[link_name = "__start_static_call_chains"]
    static CHAINS_START: u8;
    #[link_name = "__stop_static_call_chains"]
    static CHAINS_END: u8;
}

/// The pages where code may be put over what was there.
fn places_for_code() -> [Range<usize>; 2] {
    let text = (&raw const TEXT_START).addr()..(&raw const TEXT_END).addr();
    let chains = (&raw const CHAINS_START).addr()..(&raw const CHAINS_END).addr();
    [text, chains].map(|place| place.start & !4095..place.end.next_multiple_of(4096))
}

/// Bytes of a mapping, by its line, that lie elsewhere.
fn bytes_elsewhere(line: &str) -> usize {
    if line.ends_with("[heap]") || line.ends_with("[stack]") {
        return 0;
    }
    let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
    let [start, end] = [start, end].map(|text| usize::from_str_radix(text, 16).unwrap());
    let within = |place: &Range<usize>| place.end.min(end).saturating_sub(place.start.max(start));
    end - start - places_for_code().iter().map(within).sum::<usize>()
}

impl Watch {
    pub(crate) fn new() -> Self {
        Watch {
            maps: File::open("/proc/self/maps").unwrap(),
            content: String::with_capacity(1 << 16),
        }
    }

    /// Looks, and panics if something is writable and executable.
    pub(crate) fn look(&mut self) -> Holdings {
        let Watch { maps, content } = self;
        content.clear();
        maps.rewind().unwrap();
        maps.read_to_string(content).unwrap();
        let maps = content;
        for line in maps.lines() {
            let access = line.split(' ').nth(1).unwrap();
            assert!(!access.contains("wx"), "{line}");
        }
        // SAFETY: asks for a flag of whatever file has that number.
        let open = |file: &i32| unsafe { libc::fcntl(*file, libc::F_GETFD) } >= 0;
        Holdings {
            elsewhere: maps.lines().map(bytes_elsewhere).sum(),
            files: (0..256).filter(open).count(),
        }
    }
}

/// One word for the backend, then its reason.
pub(crate) fn backend() -> String {
    match runtime::backend() {
        Backend::Patching => "patching".to_owned(),
        other => format!("portable: {other}"),
    }
}

/// Plays a scene: refused from the start, or once chains are published.
pub(crate) fn play(refuse: impl FnOnce(), later: bool, plugin: Option<&str>) {
    #[cfg(feature = "tracing")]
    crate::told::listen();
    let mut watch = Watch::new();
    let mut tally = Tally::default();
    tally.call(0);
    if later {
        (0..4).for_each(|round| tally.round(round));
        assert_eq!(backend(), "patching", "before anything is refused");
    }
    let (published, files) = (tally.published, watch.look().files);
    refuse();
    (4..12).for_each(|round| tally.round(round));
    let middle = watch.look();
    (12..40).for_each(|round| tally.round(round));
    let end = watch.look();
    println!(
        "{} calls, {} passes, {} published, {} of them refused later, {} refusals, \
         {} swaps, {} refused, {middle:?}, {end:?}",
        tally.calls,
        tally.passes,
        tally.published,
        tally.published - published,
        tally.refused,
        tally.swaps,
        tally.swaps_refused,
    );
    assert!(tally.swaps > 0);
    assert_eq!(end.files, files, "files stay open");
    // Each round made chains, of which few were there before.
    assert_eq!(end.elsewhere, middle.elsewhere, "memory is kept");
    assert!(tally.refused <= 1, "a refusal is an error once");
    if let Some(path) = plugin {
        // SAFETY: a fixture that shares its types with nobody here.
        match unsafe { Plugin::load(path) } {
            Ok(plugin) => println!("plugin: {} constructors", plugin.constructors().count()),
            Err(error) => println!("plugin: {error}"),
        }
        tally.round(0);
    }
    println!("published after: {}", tally.published > published);
    println!("backend: {}", backend());
    assert!(runtime::report().to_string().contains("Steady::short"));
}

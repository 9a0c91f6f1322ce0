//! Who comes by at a call site, and in which order.

use static_call_bench_bodies::{
    Body, DevirtBody, Dispatched, Enum, Kind0, Kind1, Kind2, Kind3, Kind4, Kind5, Kind6, Kind7,
};

use crate::stats::Shuffle;

/// Calls in a round of one copy: pointers to the objects stay in the first-level
/// cache, and no branch predictor has met the order before.
pub const CALLS: usize = 1024;

/// A mix of types.
#[derive(Clone, Copy, Debug)]
pub enum Mix {
    /// All of one.
    One,
    /// Four in five of the first, the others share the rest.
    Skewed {
        /// How many types.
        of: usize,
    },
    /// Two types equally often, and the same at the same place in every order.
    Fixed,
    /// All equally often.
    Uniform {
        /// How many types.
        of: usize,
    },
    /// One after the other and from the start again, in every round.
    Cycle {
        /// How many types.
        of: usize,
    },
    /// Runs of one type, all types equally often.
    Runs {
        /// How many types.
        of: usize,
        /// Calls in a run.
        length: usize,
    },
    /// Four in five of the first, and from the middle on of the second; all others
    /// share the rest.
    Phases {
        /// How many types.
        of: usize,
    },
}

impl Mix {
    /// The types of `CALLS` calls, as numbers from 0.
    pub fn kinds(self, shuffle: &mut Shuffle) -> Vec<usize> {
        let mut skewed = |of: usize, often: usize| {
            if shuffle.below(100) < 80 {
                often
            } else {
                (often + 1 + shuffle.below(of - 1)) % of
            }
        };
        match self {
            Mix::One => vec![0; CALLS],
            Mix::Fixed => Mix::Uniform { of: 2 }.kinds(&mut Shuffle::new(0)),
            Mix::Skewed { of } => (0..CALLS).map(|_| skewed(of, 0)).collect(),
            Mix::Uniform { of } => (0..CALLS).map(|_| shuffle.below(of)).collect(),
            Mix::Cycle { of } => (0..CALLS).map(|call| call % of).collect(),
            Mix::Runs { of, length } => {
                let runs: Vec<_> = (0..CALLS.div_ceil(length))
                    .map(|_| shuffle.below(of))
                    .collect();
                (0..CALLS).map(|call| runs[call / length]).collect()
            }
            Mix::Phases { of } => (0..CALLS)
                .map(|call| skewed(of, usize::from(call >= CALLS / 2)))
                .collect(),
        }
    }
}

/// Where the objects come from. Made in the module of the loops that call them, or
/// on purpose elsewhere: `devirt` knows the vtables of its own codegen unit only.
#[derive(Clone, Copy)]
pub struct Sources {
    /// One object of each type.
    pub objects: [&'static dyn Body; 8],
    /// The same for `devirt`.
    pub devirt: [&'static dyn DevirtBody; 8],
    /// A new object of each type.
    pub boxed: [fn() -> Box<dyn Body>; 8],
    /// The same for `devirt`.
    pub boxed_devirt: [fn() -> Box<dyn DevirtBody>; 8],
}

/// The same objects in the same order, as every contender wants to have them.
pub struct Order {
    mix: Mix,
    sources: Sources,
    /// For plain calls, `static_call!` and `specialize!`.
    pub objects: Vec<&'static dyn Body>,
    /// For `devirt`.
    pub devirt: Vec<&'static dyn DevirtBody>,
    /// For an enum and a `match`.
    pub enums: Vec<&'static Enum>,
    /// For `enum_dispatch`.
    pub dispatched: Vec<&'static Dispatched>,
    /// For generics; right only where all are of the first type.
    pub first: Vec<&'static Kind0>,
    /// Objects of their own for `&mut self`, and so on as above.
    pub boxes: Vec<Box<dyn Body>>,
    /// For `devirt`.
    pub boxed_devirt: Vec<Box<dyn DevirtBody>>,
    /// For an enum and a `match`.
    pub boxed_enums: Vec<Box<Enum>>,
    /// For `enum_dispatch`.
    pub boxed_dispatched: Vec<Box<Dispatched>>,
}

static ENUMS: [Enum; 8] = [
    Enum::Kind0(Kind0::new()),
    Enum::Kind1(Kind1::new()),
    Enum::Kind2(Kind2::new()),
    Enum::Kind3(Kind3::new()),
    Enum::Kind4(Kind4::new()),
    Enum::Kind5(Kind5::new()),
    Enum::Kind6(Kind6::new()),
    Enum::Kind7(Kind7::new()),
];

static DISPATCHED: [Dispatched; 8] = [
    Dispatched::Kind0(Kind0::new()),
    Dispatched::Kind1(Kind1::new()),
    Dispatched::Kind2(Kind2::new()),
    Dispatched::Kind3(Kind3::new()),
    Dispatched::Kind4(Kind4::new()),
    Dispatched::Kind5(Kind5::new()),
    Dispatched::Kind6(Kind6::new()),
    Dispatched::Kind7(Kind7::new()),
];

static FIRST: Kind0 = Kind0::new();

impl Order {
    /// Objects of this mix, `boxed` ones too or not, to be [filled](Self::fill) in.
    #[must_use]
    pub fn new(mix: Mix, sources: Sources, boxed: bool) -> Self {
        let kinds = if boxed {
            mix.kinds(&mut Shuffle::new(0))
        } else {
            Vec::new()
        };
        let kinds = kinds.iter();
        Order {
            mix,
            sources,
            objects: Vec::new(),
            devirt: Vec::new(),
            enums: Vec::new(),
            dispatched: Vec::new(),
            first: vec![&FIRST; CALLS],
            boxes: kinds.clone().map(|&kind| sources.boxed[kind]()).collect(),
            boxed_devirt: kinds
                .clone()
                .map(|&kind| sources.boxed_devirt[kind]())
                .collect(),
            boxed_enums: kinds
                .clone()
                .map(|&kind| Box::new(ENUMS[kind].clone()))
                .collect(),
            boxed_dispatched: kinds
                .map(|&kind| Box::new(DISPATCHED[kind].clone()))
                .collect(),
        }
    }

    /// Puts objects in a new order.
    pub fn fill(&mut self, shuffle: &mut Shuffle) {
        let kinds = self.mix.kinds(shuffle);
        let kinds = || kinds.iter().copied();
        self.objects.clear();
        self.objects
            .extend(kinds().map(|kind| self.sources.objects[kind]));
        self.devirt.clear();
        self.devirt
            .extend(kinds().map(|kind| self.sources.devirt[kind]));
        self.enums.clear();
        self.enums.extend(kinds().map(|kind| &ENUMS[kind]));
        self.dispatched.clear();
        self.dispatched
            .extend(kinds().map(|kind| &DISPATCHED[kind]));
        for last in (1..self.boxes.len()).rev() {
            let other = shuffle.below(last + 1);
            self.boxes.swap(last, other);
            self.boxed_devirt.swap(last, other);
            self.boxed_enums.swap(last, other);
            self.boxed_dispatched.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(kinds: &[usize]) -> [usize; 8] {
        let mut counts = [0; 8];
        for &kind in kinds {
            counts[kind] += 1;
        }
        counts
    }

    #[test]
    fn a_skewed_mix_has_four_in_five_of_the_first_type() {
        let mut shuffle = Shuffle::new(3);
        for of in [2, 8] {
            let counts = counts(&Mix::Skewed { of }.kinds(&mut shuffle));
            assert!((740..900).contains(&counts[0]), "{counts:?}");
            assert!(counts[..of].iter().all(|&count| count > 0), "{counts:?}");
            assert_eq!(counts.iter().sum::<usize>(), CALLS);
        }
    }

    #[test]
    fn types_exchange_their_roles_in_the_middle_of_phases() {
        let kinds = Mix::Phases { of: 8 }.kinds(&mut Shuffle::new(3));
        let (early, late) = kinds.split_at(CALLS / 2);
        let (early, late) = (counts(early), counts(late));
        assert!(early[0] > 350 && early[1] < 50, "{early:?}");
        assert!(late[1] > 350 && late[0] < 50, "{late:?}");
    }

    #[test]
    fn runs_are_as_long_as_they_say() {
        let kinds = Mix::Runs { of: 8, length: 64 }.kinds(&mut Shuffle::new(3));
        assert!(
            kinds
                .chunks(64)
                .all(|run| run.iter().all(|kind| *kind == run[0]))
        );
        assert!(counts(&kinds).iter().filter(|&&count| count > 0).count() > 2);
    }
}

//! Generic traits, and sites in generic functions: one site, several instantiations.

use std::any::type_name;

use static_call::{static_call, static_dispatch};

use crate::{alone, chained, chains_are_expected, guards_are_expected, inlined, row, until_inlined};

/// Of another size for each `T`, so that a body that runs on the wrong one shows.
#[derive(Clone, Copy)]
struct Wrap<T>(T, u64);

/// `Self` and `T` in one number.
trait Number: Copy + 'static {
    const TAG: u64;
    fn number(self) -> u64;
}

impl Number for u8 {
    const TAG: u64 = 1;
    fn number(self) -> u64 {
        u64::from(self)
    }
}
impl Number for [u64; 5] {
    const TAG: u64 = 2;
    fn number(self) -> u64 {
        self.iter().sum()
    }
}
impl Number for () {
    const TAG: u64 = 3;
    fn number(self) -> u64 {
        0
    }
}

#[static_dispatch]
trait Convert<T: Number> {
    type Output;
    #[static_dispatch(targets = 1, inline = [Wrap<T>])]
    fn convert(&self, x: T) -> u64;
    #[static_dispatch(targets = 1, inline = [Wrap<T>, Wrap<u8>])]
    fn overlapping(&self, x: T) -> u64;
    #[static_dispatch(targets = 1)]
    fn at_the_call(&self, x: T) -> u64;
    #[static_dispatch(targets = 1)]
    fn named(&mut self, x: T) -> u64;
    #[static_dispatch(targets = 1)]
    fn with_output(&self, x: T, output: Self::Output) -> Self::Output;
}

impl<T: Number, U: Number> Convert<T> for Wrap<U> {
    type Output = [u32; 3];
    fn convert(&self, x: T) -> u64 {
        assert!(self.1 == 77, "run on another type's data");
        (U::TAG << 40 | T::TAG << 32) + self.0.number() + x.number()
    }
    fn overlapping(&self, x: T) -> u64 {
        self.convert(x)
    }
    fn at_the_call(&self, x: T) -> u64 {
        self.convert(x)
    }
    fn named(&mut self, x: T) -> u64 {
        self.convert(x)
    }
    fn with_output(&self, _: T, output: [u32; 3]) -> [u32; 3] {
        output.map(|one| one + 1)
    }
}

type Object<T> = dyn Convert<T, Output = [u32; 3]>;

fn wrapped<U: Number>(of: U) -> Wrap<U> {
    Wrap(of, 77)
}

/// What a call on `Wrap<U>` gives.
fn expected<T: Number, U: Number>(of: U, x: T) -> u64 {
    (U::TAG << 40 | T::TAG << 32) + of.number() + x.number()
}

/// Calls `site` on all that can stand behind this object type.
fn check<T: Number>(site: fn(&mut Object<T>, T) -> u64, x: T) {
    assert_eq!(site(&mut wrapped(9_u8), x), expected(9_u8, x));
    assert_eq!(site(&mut wrapped([4; 5]), x), expected([4_u64; 5], x));
    assert_eq!(site(&mut wrapped(()), x), expected((), x));
}

fn convert<T: Number>(object: &mut Object<T>, x: T) -> u64 {
    static_call!(object.convert(x))
}

fn overlapping<T: Number>(object: &mut Object<T>, x: T) -> u64 {
    static_call!(object.overlapping(x))
}

fn at_the_call<T: Number>(object: &mut Object<T>, x: T) -> u64 {
    static_call!(object.at_the_call(x), inline = [Wrap<[u64; 5]>, Wrap<u8>, Wrap<()>])
}

const NO_GUARDS: [&str; 0] = [];

#[test]
fn a_list_that_depends_on_the_traits_generics_never_confuses_instantiations() {
    let _alone = alone();
    let site = (file!(), "convert");
    // The first instantiation to be called is the one whose guards there are.
    until_inlined(site, &[type_name::<Wrap<u8>>()], || {
        assert_eq!(convert(&mut wrapped(9_u8), 5), expected(9_u8, 5_u8));
    });
    for _ in 0..100 {
        check(convert, 5_u8);
        check(convert, [1_u64; 5]);
        check(convert, ());
    }
    // Learned from the other instantiations: no guard of this list is theirs.
    for _ in 0..10 {
        for _ in 0..100 {
            check(convert, [1_u64; 5]);
            check(convert, ());
        }
        static_call::runtime::retarget().unwrap();
        check(convert, 5_u8);
        let row = row(site.0, site.1);
        assert!(
            inlined(&row).iter().all(|name| *name == type_name::<Wrap<u8>>()),
            "{row:#?}"
        );
    }
    // And back, with all of them in every window.
    for _ in 0..10 {
        for _ in 0..100 {
            check(convert, 5_u8);
            check(convert, [1_u64; 5]);
        }
        static_call::runtime::retarget().unwrap();
    }
}

#[test]
fn a_type_that_an_instantiation_lists_twice_runs_its_own_body() {
    let _alone = alone();
    let site = (file!(), "overlapping");
    until_inlined(site, &[type_name::<Wrap<u8>>()], || {
        assert_eq!(overlapping(&mut wrapped(9_u8), 5), expected(9_u8, 5_u8));
    });
    for _ in 0..10 {
        for _ in 0..100 {
            check(overlapping, 5_u8);
            check(overlapping, [1_u64; 5]);
            check(overlapping, ());
        }
        static_call::runtime::retarget().unwrap();
    }
}

#[test]
fn a_list_at_a_call_in_a_generic_function_guards_one_instantiation() {
    let _alone = alone();
    let site = (file!(), "at_the_call");
    let types = [
        type_name::<Wrap<[u64; 5]>>(),
        type_name::<Wrap<u8>>(),
        type_name::<Wrap<()>>(),
    ];
    let row = until_inlined(site, &types, || {
        for (times, of) in [(3, 0), (2, 1), (1, 2)] {
            for _ in 0..times {
                let x = [2; 5];
                let (got, expected) = match of {
                    0 => (at_the_call(&mut wrapped([4; 5]), x), expected([4_u64; 5], x)),
                    1 => (at_the_call(&mut wrapped(9_u8), x), expected(9_u8, x)),
                    _ => (at_the_call(&mut wrapped(()), x), expected((), x)),
                };
                assert_eq!(got, expected);
            }
        }
    });
    (0..50).for_each(|_| check(at_the_call, [2_u64; 5]));
    if guards_are_expected() {
        assert_eq!(crate::row(site.0, site.1).misses, row.misses);
    }
    for _ in 0..10 {
        for _ in 0..100 {
            check(at_the_call, 5_u8);
            check(at_the_call, [1_u64; 5]);
            check(at_the_call, ());
        }
        static_call::runtime::retarget().unwrap();
    }
    if chains_are_expected() {
        let row = crate::row(site.0, site.1);
        assert_eq!(row.trampolines, 3);
        let _ = chained(&row);
    }
}

#[test]
fn a_generic_path_names_one_type() {
    let _alone = alone();
    fn call(object: &mut (dyn Convert<u8, Output = [u32; 3]> + Send), x: u8) -> u64 {
        static_call!(object.named(x), inline = [self::Wrap<[u64; 2 + 3]>])
    }
    let site = (file!(), "named");
    let row = until_inlined(site, &[type_name::<Wrap<[u64; 5]>>()], || {
        assert_eq!(call(&mut wrapped([4; 5]), 5), expected([4_u64; 5], 5_u8));
    });
    for _ in 0..10 {
        assert_eq!(call(&mut wrapped(()), 5), expected((), 5_u8));
        assert_eq!(call(&mut wrapped([4; 5]), 5), expected([4_u64; 5], 5_u8));
        assert_eq!(call(&mut wrapped(9_u8), 5), expected(9_u8, 5_u8));
    }
    if guards_are_expected() {
        assert_eq!(crate::row(site.0, site.1).misses, row.misses + 20);
    }
}

#[test]
fn associated_types_are_passed_and_returned() {
    crate::prove::<Wrap<u8>, Object<u8>, _>(
        (file!(), "with_output"),
        || [Box::new(wrapped(9_u8)), Box::new(wrapped(()))],
        |object| object.with_output(1, [1, 2, 3]),
        |object| static_call!(object.with_output(1, [1, 2, 3]), inline = [Wrap<u8>]),
    );
}

/// Two instantiations of one trait behind one object: upcast, their vtables lie in each
/// other.
#[test]
fn instantiations_that_share_a_subtrait_are_told_apart() {
    trait Both: Convert<u8, Output = [u32; 3]> + Convert<[u64; 5], Output = [u32; 3]> {}
    impl<U: Number> Both for Wrap<U> {}

    fn call<T: Number>(object: &Object<T>, x: T) -> u64 {
        static_call!(object.at_the_call(x), inline = [Wrap<()>, Wrap<u8>])
    }
    fn both(object: &dyn Both) -> [u64; 2] {
        [call::<u8>(object, 5), call::<[u64; 5]>(object, [1; 5])]
    }
    let _alone = alone();
    let units = || both(&wrapped(()));
    let bytes = || both(&wrapped(9_u8));
    for _ in 0..10 {
        for _ in 0..100 {
            assert_eq!(units(), [expected((), 5_u8), expected((), [1_u64; 5])]);
            assert_eq!(bytes(), [expected(9_u8, 5_u8), expected(9_u8, [1_u64; 5])]);
        }
        static_call::runtime::retarget().unwrap();
    }
    let sites = static_call::runtime::sites();
    let guarded = sites.iter().find(|site| {
        site.method == "at_the_call"
            && site.targets.iter().any(|target| target.inlined)
            && inlined(site).len() == 2
    });
    assert!(guarded.is_some() || !guards_are_expected(), "{sites:#?}");
    assert_eq!(NO_GUARDS.len(), 0);
}

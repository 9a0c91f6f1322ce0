//! Generic traits, and sites in generic functions: one site, several instantiations.

use std::any::type_name;

use static_call::{static_call, static_dispatch};

use crate::{alone, chains_are_expected, guards_are_expected, inlined, row, until_inlined};

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
    #[static_dispatch(targets = 1, inline = [Wrap<T>])]
    fn convert(&self, x: T) -> u64;
    #[static_dispatch(targets = 1, inline = [Wrap<T>, Wrap<u8>])]
    fn overlapping(&self, x: T) -> u64;
    #[static_dispatch(targets = 1)]
    fn at_the_call(&self, x: T) -> u64;
    #[static_dispatch(targets = 1)]
    fn upcast(&self, x: T) -> u64;
    #[static_dispatch(targets = 1)]
    fn named(&mut self, x: T) -> u64;
}

/// Its objects name what comes out.
#[static_dispatch]
trait Produce<T: Number> {
    type Output;
    #[static_dispatch(targets = 1)]
    fn produce(&self, x: T, output: Self::Output) -> Self::Output;
}

impl<T: Number, U: Number> Produce<T> for Wrap<U> {
    type Output = [u32; 3];
    fn produce(&self, _: T, output: [u32; 3]) -> [u32; 3] {
        output.map(|one| one + 1)
    }
}

impl<T: Number, U: Number> Convert<T> for Wrap<U> {
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
    fn upcast(&self, x: T) -> u64 {
        self.convert(x)
    }
    fn named(&mut self, x: T) -> u64 {
        self.convert(x)
    }
}

type Object<T> = dyn Convert<T>;

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

#[test]
fn a_list_that_depends_on_the_traits_generics_never_confuses_instantiations() {
    let _alone = alone();
    let site = (file!(), "convert");
    until_inlined(site, &[type_name::<Wrap<u8>>()], || {
        assert_eq!(convert(&mut wrapped(9_u8), 5), expected(9_u8, 5_u8));
    });
    for _ in 0..100 {
        check(convert, 5_u8);
        check(convert, [1_u64; 5]);
        check(convert, ());
    }
    // Learned from the other instantiations, each of which lists a type of its own.
    for _ in 0..10 {
        for _ in 0..100 {
            check(convert, [1_u64; 5]);
            check(convert, ());
        }
        static_call::runtime::retarget().unwrap();
        check(convert, 5_u8);
        let row = row(site.0, site.1);
        assert!(
            // As many vtables as a guard knows.
            inlined(&row).len() <= 2,
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
    let x = [2; 5];
    let mut objects: [Box<Object<[u64; 5]>>; 3] = [
        Box::new(wrapped([4; 5])),
        Box::new(wrapped(9_u8)),
        Box::new(wrapped(())),
    ];
    let results = [expected([4_u64; 5], x), expected(9_u8, x), expected((), x)];
    let mut calls = || {
        for index in [0, 0, 0, 1, 1, 2] {
            assert_eq!(at_the_call(&mut *objects[index], x), results[index]);
        }
    };
    let row = until_inlined(site, &types, &mut calls);
    (0..50).for_each(|_| calls());
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
        assert_eq!(crate::row(site.0, site.1).trampolines, 3);
    }
}

#[test]
fn a_generic_path_names_one_type() {
    let _alone = alone();
    fn call(object: &mut (dyn Convert<u8> + Send), x: u8) -> u64 {
        static_call!(object.named(x), inline = [self::Wrap<[u64; 2 + 3]>])
    }
    let site = (file!(), "named");
    // One place where it becomes an object, and so one vtable.
    let mut listed: Box<dyn Convert<u8> + Send> = Box::new(wrapped([4; 5]));
    let row = until_inlined(site, &[type_name::<Wrap<[u64; 5]>>()], || {
        assert_eq!(call(&mut *listed, 5), expected([4_u64; 5], 5_u8));
    });
    for _ in 0..10 {
        assert_eq!(call(&mut wrapped(()), 5), expected((), 5_u8));
        assert_eq!(call(&mut *listed, 5), expected([4_u64; 5], 5_u8));
        assert_eq!(call(&mut wrapped(9_u8), 5), expected(9_u8, 5_u8));
    }
    if guards_are_expected() {
        assert_eq!(crate::row(site.0, site.1).misses, row.misses + 20);
    }
}

#[test]
fn associated_types_are_passed_and_returned() {
    crate::prove::<dyn Produce<u8, Output = [u32; 3]>, _>(
        (file!(), "produce"),
        type_name::<Wrap<u8>>(),
        || -> [Box<dyn Produce<u8, Output = [u32; 3]>>; 2] {
            [Box::new(wrapped(9_u8)), Box::new(wrapped(()))]
        },
        |object| object.produce(1, [1, 2, 3]),
        |object| static_call!(object.produce(1, [1, 2, 3]), inline = [Wrap<u8>]),
    );
}

/// Two instantiations of one trait behind one object: upcast, their vtables lie in each
/// other.
#[test]
fn instantiations_that_share_a_subtrait_are_told_apart() {
    trait Both: Convert<u8> + Convert<[u64; 5]> {}
    impl<U: Number> Both for Wrap<U> {}

    fn call<T: Number>(object: &Object<T>, x: T) -> u64 {
        static_call!(object.upcast(x), inline = [Wrap<()>, Wrap<u8>])
    }
    fn both(object: &(dyn Both + 'static)) -> [u64; 2] {
        [call::<u8>(object, 5), call::<[u64; 5]>(object, [1; 5])]
    }
    let _alone = alone();
    let units = || both(&wrapped(()));
    let bytes = || both(&wrapped(9_u8));
    // Where nothing is patched a site knows of one instantiation: the first that was recorded.
    let all = if cfg!(patched) { 4 } else { 2 };
    let known = || inlined(&row(file!(), "upcast")).len();
    for _ in 0..10 {
        for _ in 0..100 {
            assert_eq!(units(), [expected((), 5_u8), expected((), [1_u64; 5])]);
            assert_eq!(bytes(), [expected(9_u8, 5_u8), expected(9_u8, [1_u64; 5])]);
        }
        static_call::runtime::retarget().unwrap();
    }
    if guards_are_expected() {
        // Each of the two types, by each instantiation's vtable.
        assert_eq!(known(), all, "{:#?}", row(file!(), "upcast"));
    }
}

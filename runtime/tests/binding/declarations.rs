//! Where a binding can be declared.

use static_call::{binding, static_dispatch};

#[static_dispatch]
pub(crate) trait Answer: Send + Sync {
    #[static_dispatch]
    fn answer(&self) -> u32;
}

pub(crate) struct Is(pub(crate) u32);

impl Answer for Is {
    fn answer(&self) -> u32 {
        self.0
    }
}

/// Swaps there and back.
macro_rules! check {
    ($name:ident, $binding:expr, $initial:literal) => {
        crate::in_every_state("declarations", stringify!($name), || {
            static OTHER: Is = Is(77);
            assert_eq!($binding.answer(), $initial);
            let before = $binding.swap(&OTHER).unwrap().unwrap();
            assert_eq!($binding.answer(), 77);
            $binding.restore(&before).unwrap();
            assert_eq!($binding.answer(), $initial);
        });
    };
}

#[test]
fn in_the_body_of_a_function() {
    binding! { static INSIDE: dyn Answer = Is(1); }
    check!(INSIDE, INSIDE, 1);
}

fn one_of_two() {
    binding! { static HOMONYM: dyn Answer = Is(2); }
    assert_eq!(HOMONYM.answer(), 2);
}

fn the_other() -> u32 {
    binding! { static HOMONYM: dyn Answer = Is(3); }
    static OTHER: Is = Is(33);
    HOMONYM.swap(&OTHER).unwrap();
    HOMONYM.answer()
}

#[test]
fn two_functions_with_bindings_of_one_name() {
    let _alone = crate::alone();
    one_of_two();
    assert_eq!(the_other(), 33);
    one_of_two();
}

/// One binding, however many instantiations.
fn in_generic<T>(swap: bool) -> u32 {
    binding! { static IN_GENERIC: dyn Answer = Is(4); }
    let _: Option<T> = None;
    if swap {
        static OTHER: Is = Is(44);
        IN_GENERIC.swap(&OTHER).unwrap();
    }
    IN_GENERIC.answer()
}

#[test]
fn in_a_generic_function_where_it_is_one_for_all_instantiations() {
    let _alone = crate::alone();
    assert_eq!((in_generic::<u8>(false), in_generic::<u16>(false)), (4, 4));
    assert_eq!(in_generic::<u8>(true), 44);
    assert_eq!(
        (in_generic::<u16>(false), in_generic::<u32>(false)),
        (44, 44)
    );
}

mod outer {
    mod private {
        use super::super::{Answer, Is};

        static_call::binding! {
            /// Seen one module up.
            pub(in super::super) static IN_A_MODULE: dyn Answer = Is(5);
            #[allow(dead_code, reason = "attributes may stand here")]
            static UNUSED: dyn Answer = Is(0);
        }
    }
    pub(super) use private::IN_A_MODULE;
}

#[test]
fn in_a_private_module_seen_from_outside_of_it() {
    check!(IN_A_MODULE, outer::IN_A_MODULE, 5);
}

mod traits {
    use static_call::static_dispatch;

    #[static_dispatch]
    pub(crate) trait Elsewhere: Send + Sync {
        #[static_dispatch]
        fn elsewhere(&self) -> u32;
    }
    impl Elsewhere for super::Is {
        fn elsewhere(&self) -> u32 {
            self.0 + 1
        }
    }
}

binding! { static ELSEWHERE: dyn traits::Elsewhere = Is(6); }

#[test]
fn methods_are_there_without_the_trait_in_scope() {
    let _alone = crate::alone();
    assert_eq!(ELSEWHERE.elsewhere(), 7);
}

macro_rules! declare {
    ($name:ident, $object:ty, $value:expr) => {
        binding! { static $name: $object = $value; }
    };
}

declare!(BY_A_MACRO, dyn Answer, Is(8));

#[test]
fn by_a_macro() {
    check!(BY_A_MACRO, BY_A_MACRO, 8);
}

mod renamed {
    use static_call as other_name;

    #[other_name::static_dispatch(unsafe(crate = other_name))]
    pub(super) trait Renamed: Send + Sync {
        #[static_dispatch]
        fn renamed(&self) -> u32;
    }
    impl Renamed for super::Is {
        fn renamed(&self) -> u32 {
            self.0
        }
    }

    other_name::binding! { pub(super) static BY_ANOTHER_NAME: dyn Renamed = super::Is(9); }
}

#[test]
fn through_the_crate_by_another_name() {
    let _alone = crate::alone();
    assert_eq!(renamed::BY_ANOTHER_NAME.renamed(), 9);
}

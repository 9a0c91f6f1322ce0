//! The self test of the kernel's static calls, `test_static_call_init`, in meaning.

use static_call::runtime::{Mode, State};
use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Func: Send + Sync {
    #[static_dispatch(none = 0)]
    fn func(&self, x: i32) -> i32;
}

struct FuncA;
struct FuncB;

impl Func for FuncA {
    fn func(&self, x: i32) -> i32 {
        x + 1
    }
}
impl Func for FuncB {
    fn func(&self, x: i32) -> i32 {
        x + 2
    }
}

/// One row of the kernel's table: what is bound if anything is, an argument, a result.
struct Row {
    func: Option<&'static dyn Func>,
    value: i32,
    expect: i32,
}

binding! { static SELF_TEST: dyn Func = FuncA; }

#[test]
fn the_kernels_self_test_holds() {
    let table = [
        Row {
            func: None,
            value: 2,
            expect: 3,
        },
        Row {
            func: Some(&FuncB),
            value: 2,
            expect: 4,
        },
        Row {
            func: Some(&FuncA),
            value: 2,
            expect: 3,
        },
    ];
    crate::in_every_state("kernel", "SELF_TEST", || {
        let mut before = SELF_TEST.func(2);
        assert_eq!(before, 3);
        for row in &table {
            assert_eq!(SELF_TEST.func(row.value), before, "before the update");
            if let Some(func) = row.func {
                SELF_TEST.swap(func).unwrap();
            }
            assert_eq!(SELF_TEST.func(row.value), row.expect, "after the update");
            before = row.expect;
        }
    });
}

binding! { static SELF_TEST_NULL: dyn Func = None; }

#[test]
fn the_kernels_self_test_holds_from_null_to_functions_and_back() {
    let table = [
        Row {
            func: None,
            value: 2,
            expect: 0,
        },
        Row {
            func: Some(&FuncB),
            value: 2,
            expect: 4,
        },
        Row {
            func: Some(&FuncA),
            value: 2,
            expect: 3,
        },
        Row {
            func: None,
            value: 2,
            expect: 0,
        },
    ];
    crate::in_every_state("kernel", "SELF_TEST_NULL", || {
        let mut before = 0;
        for row in &table {
            assert_eq!(SELF_TEST_NULL.func(row.value), before, "before the update");
            let replaced = match row.func {
                Some(func) => SELF_TEST_NULL.swap(func),
                None => SELF_TEST_NULL.unbind(),
            };
            assert_eq!(replaced.unwrap().is_some(), before != 0);
            assert_eq!(
                SELF_TEST_NULL.func(row.value),
                row.expect,
                "after the update"
            );
            before = row.expect;
        }
    });
}

binding! { static UPDATED: dyn Func = FuncA; }

#[test]
fn an_update_patches_without_a_pass_and_a_pass_changes_nothing() {
    let _alone = crate::alone();
    crate::retarget(Mode::Off);
    assert_eq!(crate::row("kernel", "UPDATED").state, State::Plain);
    assert_eq!(UPDATED.func(2), 3);
    static_call::runtime::configure(static_call::runtime::Config::default().mode(Mode::Always))
        .unwrap();
    UPDATED.swap(&FuncB).unwrap();
    assert_eq!(UPDATED.func(2), 4);
    let row = crate::row("kernel", "UPDATED");
    let expected = if crate::patching() {
        State::Patched
    } else {
        State::Plain
    };
    assert_eq!((row.state, row.swaps), (expected, 1), "{row:?}");
    assert!(row.bound.unwrap().ends_with("FuncB"));
    crate::retarget(Mode::Always);
    assert_eq!(UPDATED.func(2), 4);
    assert_eq!(crate::row("kernel", "UPDATED").swaps, 1);
}

//! The register that a chain compares holds the vtable, whatever the method
//! takes and returns.

use static_call::runtime::{self, Config, Mode, SiteReport, State};
use static_call::{static_call, static_dispatch};

/// More than the return registers hold: the usual ABI passes a hidden pointer
/// first, and everything else moves on by one register.
#[derive(Clone, Debug, PartialEq)]
struct Wide([u64; 9]);

#[allow(clippy::too_many_arguments, reason = "registers run out at six")]
#[static_dispatch(targets = 1)]
trait Registers {
    fn wide(&self, x: u64) -> Wide;
    fn twelve(
        &mut self,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
        f: u64,
        g: u64,
        h: u64,
        i: u64,
        j: u64,
        k: u64,
        l: u64,
    ) -> u64;
    fn floats_first(&self, a: f64, b: f32, c: f64, d: u8, e: f64, text: &str) -> f64;
    fn wide_in_and_out(&self, a: Wide, b: f64, c: Wide) -> Result<Wide, String>;
    fn nothing(&mut self);
    fn by_reference<'a>(&'a self, text: &'a str) -> &'a str;
}

struct One(u64);
struct Two(u64);

macro_rules! implement {
    ($ty:ty, $factor:literal) => {
        impl Registers for $ty {
            fn wide(&self, x: u64) -> Wide {
                Wide([self.0 * $factor + x; 9])
            }
            fn twelve(
                &mut self,
                a: u64,
                b: u64,
                c: u64,
                d: u64,
                e: u64,
                f: u64,
                g: u64,
                h: u64,
                i: u64,
                j: u64,
                k: u64,
                l: u64,
            ) -> u64 {
                let all = [a, b, c, d, e, f, g, h, i, j, k, l];
                all.iter().fold(self.0 * $factor, |sum, x| sum * 13 + x)
            }
            fn floats_first(&self, a: f64, b: f32, c: f64, d: u8, e: f64, text: &str) -> f64 {
                let own = f64::from($factor as u32);
                own + a
                    + f64::from(b) * 10.0
                    + c * 100.0
                    + f64::from(d)
                    + e
                    + f64::from(text.starts_with('f'))
            }
            fn wide_in_and_out(&self, a: Wide, b: f64, c: Wide) -> Result<Wide, String> {
                if b < 0.0 {
                    return Err(format!("{} {a:?} {b} {c:?}", $factor));
                }
                Ok(Wide(std::array::from_fn(|n| a.0[n] + c.0[n] * $factor)))
            }
            fn nothing(&mut self) {
                self.0 += $factor;
            }
            fn by_reference<'a>(&'a self, text: &'a str) -> &'a str {
                &text[..$factor]
            }
        }
    };
}
implement!(One, 1);
implement!(Two, 2);

/// Every method through its site and plainly, on the same two objects.
fn same(through: &mut dyn Registers, plain: &mut dyn Registers, x: u64) {
    let (a, b) = (Wide([x; 9]), Wide([3; 9]));
    assert_eq!(static_call!(through.wide(x)), plain.wide(x));
    assert_eq!(
        static_call!(through.twelve(x, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)),
        plain.twelve(x, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    );
    let sum = static_call!(through.floats_first(0.5, 1.5, 2.5, 3, 4.5, "five"));
    assert!((sum - plain.floats_first(0.5, 1.5, 2.5, 3, 4.5, "five")).abs() < 1e-9);
    for sign in [1.0, -1.0] {
        assert_eq!(
            static_call!(through.wide_in_and_out(a.clone(), sign, b.clone())),
            plain.wide_in_and_out(a.clone(), sign, b.clone())
        );
    }
    static_call!(through.nothing());
    plain.nothing();
    assert_eq!(
        static_call!(through.by_reference("both")),
        plain.by_reference("both")
    );
}

#[test]
fn results_and_arguments_of_any_kind_leave_the_vtable_where_a_chain_looks_for_it() {
    let _alone = crate::alone();
    let (mut one, mut two) = ((One(7), One(7)), (Two(7), Two(7)));
    for _ in 0..6 {
        for x in 0..200 {
            same(&mut one.0, &mut one.1, x);
            if x % 4 == 0 {
                same(&mut two.0, &mut two.1, x);
            }
        }
        runtime::retarget().unwrap();
    }
    // The fallback is right wherever the vtable is; only a hit shows that a chain
    // found it.
    runtime::configure(Config::default().mode(Mode::Off)).unwrap();
    runtime::retarget().unwrap();
    crate::configure();
    runtime::retarget().unwrap();
    let through = &mut one;
    let mut calls = |n| (0..n).for_each(|x| same(&mut through.0, &mut through.1, x));
    calls(100);
    runtime::retarget().unwrap();
    let before = sites();
    calls(50);
    let after = sites();
    assert_eq!(before.len(), 6);
    if crate::patching() {
        for (before, after) in before.iter().zip(after) {
            assert_eq!(before.state, State::Patched, "{before:?}");
            assert_eq!(before.misses, after.misses, "{before:?}");
        }
    }
}

fn sites() -> Vec<SiteReport> {
    let mut sites = runtime::sites();
    sites.retain(|site| site.trait_name.as_deref() == Some("Registers"));
    sites
}

#[static_dispatch(targets = 1)]
trait Enormous {
    #[allow(clippy::large_types_passed_by_value, reason = "nobody should")]
    fn enormous(&self, argument: [u8; 20 << 10]) -> u64;
}

impl Enormous for One {
    fn enormous(&self, argument: [u8; 20 << 10]) -> u64 {
        self.0 + argument.iter().map(|byte| u64::from(*byte)).sum::<u64>()
    }
}

#[test]
#[allow(clippy::large_stack_arrays, reason = "that is what is not asked for")]
fn a_method_whose_receiver_is_not_asked_for_stays_plain_and_the_report_says_why() {
    let _alone = crate::alone();
    crate::configure();
    let object: &dyn Enormous = &One(1);
    for _ in 0..4 {
        for _ in 0..200 {
            assert_eq!(static_call!(object.enormous([1; 20 << 10])), 1 + (20 << 10));
        }
        runtime::retarget().unwrap();
    }
    let sites = runtime::sites();
    let site = sites.iter().find(|site| site.method == "enormous").unwrap();
    if crate::patching() {
        assert_eq!(site.state, State::Plain, "{site:?}");
        assert!(site.why.contains("in no register"), "{site:?}");
        assert!(site.targets.iter().all(|target| !target.in_chain));
    }
}

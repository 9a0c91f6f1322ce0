//! Bindings.

use static_call::{binding, runtime, static_dispatch};

#[static_dispatch]
pub trait Clock: Send + Sync {
    #[static_dispatch]
    fn now(&self) -> u64;
    #[static_dispatch]
    fn add(&self, text: String, n: u64) -> String;
    fn name(&self) -> &str;
}

struct System;
impl Clock for System {
    fn now(&self) -> u64 {
        1
    }
    fn add(&self, text: String, n: u64) -> String {
        format!("{text}{n}")
    }
    fn name(&self) -> &str {
        "system"
    }
}
struct Fixed(u64);
impl Clock for Fixed {
    fn now(&self) -> u64 {
        self.0
    }
    fn add(&self, text: String, n: u64) -> String {
        format!("{text}{}", n + self.0)
    }
    fn name(&self) -> &str {
        "fixed"
    }
}

binding! { pub static CLOCK: dyn Clock = System; }

#[test]
fn smoke() {
    assert_eq!(CLOCK.now(), 1);
    assert_eq!(CLOCK.add("a".into(), 3), "a3");
    assert_eq!(CLOCK.name(), "system");
    println!("{}", runtime::retarget().unwrap());
    assert_eq!(CLOCK.now(), 1);
    assert_eq!(CLOCK.add("a".into(), 3), "a3");
    static FIXED: Fixed = Fixed(7);
    let old = CLOCK.swap(&FIXED).unwrap();
    assert!(old.is_some());
    assert_eq!(CLOCK.now(), 7);
    assert_eq!(CLOCK.add("a".into(), 3), "a10");
    assert_eq!(CLOCK.name(), "fixed");
    CLOCK.swap_boxed(Box::new(Fixed(9))).unwrap();
    assert_eq!(CLOCK.now(), 9);
    CLOCK.restore(&old.unwrap()).unwrap();
    assert_eq!(CLOCK.now(), 1);
}

//! Who owns what is bound, and when it goes.

use std::sync::atomic::{AtomicUsize, Ordering};

use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Numbered: Send + Sync {
    #[static_dispatch(none = 0)]
    fn number(&self) -> usize;
}

/// Counts its drops.
struct Counted(usize, &'static AtomicUsize);

impl Numbered for Counted {
    fn number(&self) -> usize {
        self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_loaded_box_is_the_bound_object_and_keeps_it_alive() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    binding! { static LOADED: dyn Numbered = None; }

    LOADED.swap_boxed(Box::new(Counted(7, &DROPS))).unwrap();
    let loaded = LOADED.load().expect("it is bound");
    assert_eq!((loaded.number(), LOADED.number()), (7, 7));
    let again = LOADED.load().expect("it is bound");
    assert!(core::ptr::eq(&raw const *loaded, &raw const *again));
    drop(again);
    LOADED.unbind().unwrap();
    assert!(LOADED.load().is_none());
    // SAFETY: nobody else knows of the binding.
    assert_eq!(unsafe { LOADED.reclaim() }.unwrap(), 1);
    assert_eq!(DROPS.load(Ordering::Relaxed), 0);
    assert_eq!(loaded.number(), 7);
    drop(loaded);
    assert_eq!(DROPS.load(Ordering::Relaxed), 1);
}

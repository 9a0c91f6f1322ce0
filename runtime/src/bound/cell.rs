//! The part of a binding that calls read, where they are not patched: it knows no types.

use core::ptr::NonNull;

use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::sync::const_unless_loom;

/// The part of a binding that knows no types.
#[repr(C)]
pub struct Cell {
    /// A reference to the bound object, by its address; null if nothing is bound, or
    /// was made yet, or if this is a copy in a plugin that follows no more.
    current: AtomicPtr<()>,
    /// In a plugin's copy: the host's binding.
    leader: AtomicPtr<()>,
}

impl Cell {
    const_unless_loom! {
        pub(crate) fn new(current: *mut ()) -> Self {
            Cell {
                current: AtomicPtr::new(current),
                leader: AtomicPtr::new(core::ptr::null_mut()),
            }
        }
    }

    #[inline]
    pub(crate) fn current(&self) -> Option<NonNull<()>> {
        NonNull::new(self.current.load(Ordering::Acquire))
    }

    /// # Safety
    /// A reference to an object of the binding's type lies there, and stays until no
    /// call reads it; null if nothing is bound.
    pub(crate) unsafe fn set(&self, current: *const ()) {
        self.current.store(current.cast_mut(), Ordering::Release);
    }

    /// As [`set`](Self::set), if nothing is there. Returns whether that was so.
    ///
    /// # Safety
    /// As for [`set`](Self::set).
    pub(crate) unsafe fn set_first(&self, made: *const ()) -> bool {
        let (null, made) = (core::ptr::null_mut(), made.cast_mut());
        let exchanged =
            self.current
                .compare_exchange(null, made, Ordering::AcqRel, Ordering::Acquire);
        exchanged.is_ok()
    }

    /// The cell of the binding that this one follows.
    pub(crate) fn leader(&self) -> *const Cell {
        self.leader.load(Ordering::Acquire).cast_const().cast()
    }

    /// # Safety
    /// `leader` is the cell of the same binding in the host, which outlives this one.
    pub(crate) unsafe fn follow(&self, leader: &'static Cell) {
        let leader = core::ptr::from_ref(leader).cast_mut().cast();
        self.leader.store(leader, Ordering::Release);
    }
}

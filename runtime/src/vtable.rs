//! Pointers to trait objects, taken apart.

/// Address of the vtable of a trait object.
#[inline(always)]
pub fn vtable_of<T: ?Sized>(object: &T) -> usize {
    vtable_of_pointer(core::ptr::from_ref(object))
}

/// Address of the vtable in a pointer to a trait object.
///
/// The layout of such pointers, data before vtable, is rustc's and not promised;
/// the size is checked at compile time, the order at start-up.
#[inline(always)]
pub fn vtable_of_pointer<T: ?Sized>(object: *const T) -> usize {
    const {
        assert!(
            size_of::<*const T>() == 2 * size_of::<usize>(),
            "a pointer to a trait object is two words"
        );
    }
    // SAFETY: two words, by the assertion; any two words are two pointers.
    let words = unsafe { core::mem::transmute_copy::<*const T, [*const (); 2]>(&object) };
    words[1].addr()
}

/// A pointer to no value, to be unsized for its vtable.
#[inline]
pub fn dangling<T>() -> *const T {
    core::ptr::NonNull::dangling().as_ptr()
}

/// That the data comes first, asked of the compiler. `specialize!` depends on it wherever it
/// is compiled; what trampolines depend on besides is checked at start-up.
const _: () = {
    trait Probe {
        #[allow(dead_code, reason = "gives the vtable a slot")]
        fn word(&self) -> usize;
    }
    impl Probe for usize {
        fn word(&self) -> usize {
            *self
        }
    }
    const DATA: usize = align_of::<usize>();
    let object: *const dyn Probe = core::ptr::without_provenance::<usize>(DATA);
    // SAFETY: two words of which nothing is said yet.
    let words: [core::mem::MaybeUninit<usize>; 2] = unsafe { core::mem::transmute(object) };
    // SAFETY: a pointer's first word is initialized; were it the vtable's address, which is
    // no number here, rustc would refuse this.
    assert!(unsafe { words[0].assume_init() } == DATA);
};

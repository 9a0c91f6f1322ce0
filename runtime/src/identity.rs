//! Which type this is, whatever it borrows.

use core::any::TypeId;
use core::marker::PhantomData;

/// Asks through an object that has no lifetimes.
trait Erased {
    fn identity(&self) -> TypeId
    where
        Self: 'static;
}

impl<T: ?Sized> Erased for PhantomData<T> {
    #[inline]
    fn identity(&self) -> TypeId
    where
        Self: 'static,
    {
        TypeId::of::<T>()
    }
}

/// The identity of a type with its lifetimes erased: `&'a str` and `&'static str` are one,
/// `for<'a> fn(&'a str)` and `fn(&'static str)` are two. So equal identities say that layout
/// and code are equal, and nothing about lifetimes.
///
/// The way is that of the crate `typeid`, which is so short that it is no dependency.
#[must_use]
pub fn of<T: ?Sized>() -> TypeId {
    let asked: &dyn Erased = &PhantomData::<T>;
    // SAFETY: lifetimes alone change, and no code depends on them: the method called gives a
    // number that rustc computes from the type without its lifetimes. Nothing is read.
    let asked: &'static (dyn Erased + 'static) =
        unsafe { core::mem::transmute::<&dyn Erased, &'static (dyn Erased + 'static)>(asked) };
    asked.identity()
}

#[cfg(test)]
mod tests {
    use super::of;

    fn of_borrowed<'a>(_: &'a str) -> core::any::TypeId {
        of::<&'a str>()
    }

    #[test]
    fn lifetimes_do_not_count_and_all_else_does() {
        let text = "local".to_owned();
        assert_eq!(of_borrowed(&text), of::<&'static str>());
        assert_eq!(of::<u8>(), core::any::TypeId::of::<u8>());
        assert_eq!(of::<[u8]>(), core::any::TypeId::of::<[u8]>());
        assert_ne!(of::<&u8>(), of::<&mut u8>());
        assert_ne!(of::<for<'a> fn(&'a u8)>(), of::<fn(&'static u8)>());
    }
}

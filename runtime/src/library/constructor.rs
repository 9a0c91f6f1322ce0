//! What makes a plugin's objects, and what drops them: the plugin's own code, its types erased.

use std::any::type_name;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::registry::{Identity, TraitObject, slot_of};

/// What a constructor takes and makes.
#[derive(Clone, Copy)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    argument: Identity,
    object: Identity,
    /// Which slot the hook has in vtables of the objects: [`slot_of`].
    pub(crate) slot: usize,
}

impl Signature {
    pub(crate) fn of<D: TraitObject + ?Sized + 'static, A: 'static>() -> Self {
        Signature {
            name: type_name::<fn(A) -> Box<D>>(),
            argument: Identity::of::<A>(),
            object: Identity::of::<D>(),
            slot: slot_of::<D>(),
        }
    }

    /// Each by itself: where one binds lifetimes, the other may still be of two builds.
    pub(crate) fn agrees(&self, other: &Signature) -> bool {
        self.argument.agrees(&other.argument) && self.object.agrees(&other.object)
    }
}

/// One constructor, its types erased.
#[repr(C)]
pub struct Constructor {
    pub(crate) name: &'static str,
    pub(crate) signature: fn() -> Signature,
    pub(crate) function: *const (),
    pub(crate) construct: unsafe fn(*const (), *const (), *mut ()) -> Option<String>,
    pub(crate) drop: *const (),
}

// SAFETY: names and addresses of functions, all immutable.
unsafe impl Sync for Constructor {}
// SAFETY: as above.
unsafe impl Send for Constructor {}

impl Constructor {
    /// For the expansion of `export_plugin!`.
    ///
    /// Arguments are `'static`: the host knows them by their names, which have no lifetimes.
    pub const fn new<D: TraitObject + ?Sized + 'static, A: 'static>(
        name: &'static str,
        function: fn(A) -> Box<D>,
    ) -> Self {
        Constructor {
            name,
            signature: Signature::of::<D, A>,
            function: function as *const (),
            construct: construct::<D, A>,
            drop: drop_in_plugin::<D> as *const (),
        }
    }
}

impl Constructor {
    /// # Safety
    /// The constructor was made for `fn(A) -> Box<D>`.
    pub(crate) unsafe fn construct<D: ?Sized, A>(&self, argument: A) -> Result<*mut D, String> {
        let argument = std::mem::ManuallyDrop::new(argument);
        let mut object = MaybeUninit::<*mut D>::uninit();
        // SAFETY: argument and result are of the types that it was made for; it
        // takes the one over and, unless it reports a panic, writes the other.
        unsafe {
            match (self.construct)(
                self.function,
                core::ptr::from_ref(&argument).cast(),
                object.as_mut_ptr().cast(),
            ) {
                None => Ok(object.assume_init()),
                Some(message) => Err(hosts_own(message)),
            }
        }
    }

    /// # Safety
    /// The constructor was made for `fn(_) -> Box<D>`.
    pub(crate) unsafe fn drop_function<D: ?Sized>(&self) -> DropFunction<D> {
        // SAFETY: erased from this type in `Constructor::new`.
        unsafe { std::mem::transmute::<*const (), DropFunction<D>>(self.drop) }
    }
}

/// Drops an object where it was made; returns the message if that panicked.
pub(crate) type DropFunction<D> = unsafe fn(*mut D) -> Option<String>;

/// Runs in the plugin, so that a panic is caught by the runtime that raised it.
///
/// # Safety
/// `function` is a `fn(A) -> Box<D>`, `argument` the address of an `A` to move
/// out, and `result` that of room for a `*mut D`.
unsafe fn construct<D: ?Sized, A>(
    function: *const (),
    argument: *const (),
    result: *mut (),
) -> Option<String> {
    // SAFETY: the caller's.
    let function = unsafe { std::mem::transmute::<*const (), fn(A) -> Box<D>>(function) };
    // SAFETY: the caller's.
    let argument = unsafe { argument.cast::<A>().read() };
    let made = caught(|| function(argument)).map(Box::into_raw);
    // SAFETY: the caller's.
    made.map(|object| unsafe { result.cast::<*mut D>().write(object) })
        .err()
}

/// Runs code of the plugin in the plugin: a panic must not unwind into the host,
/// whose copy of the standard library did not raise it.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(ToString::to_string);
        let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
        // A payload whose own drop panics must not do so into the host.
        std::mem::forget(payload);
        message.unwrap_or_else(|| "no message".to_owned())
    })
}

/// Drops a plugin's object, in the plugin; its panic is returned.
///
/// # Safety
/// `object` came from `Box::into_raw` in this loaded object.
unsafe fn drop_in_plugin<D: ?Sized>(object: *mut D) -> Option<String> {
    // SAFETY: the caller's.
    caught(|| drop(unsafe { Box::from_raw(object) })).err()
}

/// Drops a box of the host's own, in the host; its panic goes on.
///
/// # Safety
/// As for [`drop_in_plugin`].
pub(super) unsafe fn drop_own<D: ?Sized>(object: *mut D) -> Option<String> {
    // SAFETY: the caller's.
    drop(unsafe { Box::from_raw(object) });
    None
}

/// A copy of a plugin's text that does not depend on the plugin's allocator. The
/// original is leaked, which a panic may cost.
pub(super) fn hosts_own(message: String) -> String {
    std::mem::ManuallyDrop::new(message).as_str().to_owned()
}

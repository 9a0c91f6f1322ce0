//! The providers where there are none yet: they refuse, so the runtime stays
//! on plain calls.

use super::{CodeMemory, Unavailable};

/// Always refuses, and says why.
pub(crate) fn code_memory() -> Result<Box<dyn CodeMemory>, Unavailable> {
    let reason = if cfg!(miri) {
        "Miri interprets the program and has no code to patch".to_owned()
    } else if !cfg!(feature = "patching") {
        "this program was built without the feature `patching` of static-call".to_owned()
    } else if cfg!(target_family = "wasm") {
        "nothing can be patched in WebAssembly, and nothing collects call sites there: \
         `specialize!` and bindings work, and every `static_call!` is the plain call"
            .to_owned()
    } else {
        format!("there is no code patching for {}", std::env::consts::OS)
    };
    Err(Unavailable { reason })
}

/// Never: signals are not known here, and locks are not looked at.
pub(crate) fn in_signal_handler() -> bool {
    false
}

pub(crate) use super::bell::{forked, wait_for, wait_while, wake_all};

/// Not known here.
pub(crate) fn processor_time() -> Option<i64> {
    None
}

/// Room for chains inside an object: none.
pub(crate) mod room {
    use std::ops::Range;

    use crate::os::Room;

    /// Always `None`: there are no chains.
    pub(crate) fn claim() -> Option<Range<usize>> {
        None
    }

    /// Always null: there is none to give.
    pub(crate) fn lend() -> *const Room {
        std::ptr::null()
    }
}

/// Loaded objects, of which nothing is known here.
pub(crate) mod objects {
    use std::ffi::c_void;
    use std::io;
    use std::ops::Range;

    use crate::os::{Memory, Object};

    /// Never, as far as is known.
    pub(crate) fn was_rewritten(_address: usize) -> bool {
        false
    }

    /// In WebAssembly all of memory is one object, which stays; elsewhere nothing is known of
    /// any address.
    pub(crate) fn object_of(_address: usize) -> Option<Object> {
        cfg!(target_family = "wasm").then(|| Object {
            base: 0,
            range: 0..usize::MAX,
            name: std::path::PathBuf::new(),
            is_main: true,
        })
    }

    /// Always `None`: nothing is known of any address.
    pub(crate) fn executable_span_of(_address: usize) -> Option<Range<usize>> {
        None
    }

    /// Always `None`: nothing is known of any library.
    ///
    /// # Safety
    /// None needed; the others' is that of a handle.
    pub(crate) unsafe fn memory_of(_handle: *mut c_void) -> Option<Memory> {
        None
    }

    /// Always false: nothing is known of any address.
    pub(crate) fn is_shared(_function: usize) -> bool {
        false
    }

    /// Always 0: unloading is not seen.
    pub(crate) fn unload_count() -> u64 {
        0
    }

    /// Refuses, but for what is never unloaded.
    pub(crate) fn pin(object: &Object) -> io::Result<()> {
        if object.is_main {
            return Ok(());
        }
        Err(io::ErrorKind::Unsupported.into())
    }
}

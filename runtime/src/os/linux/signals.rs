//! Whether a thread is in a signal handler.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;

/// The unwinder's view of a frame.
#[repr(C)]
struct Context([u8; 0]);

type Trace = extern "C" fn(*mut Context, *mut c_void) -> c_int;

const NO_REASON: c_int = 0;
const NORMAL_STOP: c_int = 4;

// The unwinder that std links to. Its interface is that of the Itanium C++ ABI, level 1,
// and of the Linux Standard Base.
unsafe extern "C-unwind" {
    fn _Unwind_Backtrace(trace: Trace, argument: *mut c_void) -> c_int;
    fn _Unwind_GetIPInfo(context: *mut Context, before_instruction: *mut c_int) -> usize;
}

/// Whether this thread is in a signal handler: by its alternate stack, or, if it has
/// signals blocked as handlers have, by the frames of its stack.
///
/// A handler that was installed with `SA_NODEFER`, blocks no other signal and has no stack
/// of its own is not noticed, nor one behind frames without unwind information. The first
/// could be, by looking at the frames in any case: that takes 0.1 µs for each (2 µs of 20
/// frames, 10 µs of 90), and would make every swap from deep inside a program half as
/// expensive again. If such a handler has interrupted the runtime, its thread's marks tell,
/// so that it waits for nobody; if it has interrupted an allocator, it may wait for that, as
/// handlers do that allocate.
///
/// Elsewhere than on Linux the unwinder may be an older one of LLVM's, which does not say which
/// frames a signal has made: then only handlers on a stack of their own are noticed.
///
/// Costs two system calls, and where signals are blocked some microseconds more.
pub(crate) fn in_signal_handler() -> bool {
    on_alternate_stack() || (blocks_signals() && has_signal_frame())
}

fn on_alternate_stack() -> bool {
    let mut stack = MaybeUninit::<libc::stack_t>::uninit();
    // SAFETY: only asks; the result is written if it says so.
    unsafe {
        libc::sigaltstack(core::ptr::null(), stack.as_mut_ptr()) == 0
            && stack.assume_init().ss_flags & libc::SS_ONSTACK != 0
    }
}

fn blocks_signals() -> bool {
    let mut mask = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: only asks; the result is written if it says so.
    let mask = unsafe {
        if libc::pthread_sigmask(libc::SIG_BLOCK, core::ptr::null(), mask.as_mut_ptr()) != 0 {
            return true;
        }
        mask.assume_init()
    };
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let last = libc::SIGRTMAX();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let last = if cfg!(target_os = "freebsd") { 126 } else { 31 };
    // SAFETY: a set that the system wrote, and numbers of signals.
    (1..=last).any(|signal| unsafe { libc::sigismember(&raw const mask, signal) == 1 })
}

fn has_signal_frame() -> bool {
    extern "C" fn look(context: *mut Context, found: *mut c_void) -> c_int {
        let mut before: c_int = 0;
        // SAFETY: the unwinder's own context, for the time of this call.
        unsafe { _Unwind_GetIPInfo(context, &raw mut before) };
        if before != 0 {
            // A frame that was not left by a call: a signal did it.
            // SAFETY: the flag below, for the time of the walk.
            unsafe { *found.cast::<bool>() = true };
            return NORMAL_STOP;
        }
        NO_REASON
    }
    let mut found = false;
    // SAFETY: walks this thread's stack and reads nothing else; `look` does not unwind.
    unsafe { _Unwind_Backtrace(look, (&raw mut found).cast()) };
    found
}

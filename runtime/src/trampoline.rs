//! The template of a trampoline.

/// Defines a trampoline: `[fallback] { portable body } signature`.
///
/// Where sites have trampolines it is a naked function of 64 bytes, aligned to
/// 64, in a section of its own: a head of eight bytes, at rest a jump to the
/// fallback, and room for the first chain. `arch` knows the layout. Elsewhere it
/// is an ordinary function that calls the fallback, and is never called.
#[doc(hidden)]
#[macro_export]
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
macro_rules! trampoline {
    ([$($fallback:tt)*] { $($portable:tt)* } $(#[$attribute:meta])* unsafe extern "C-unwind" fn $($signature:tt)*) => {
        $(#[$attribute])*
        #[unsafe(naked)]
        #[unsafe(link_section = "static_call_text")]
        unsafe extern "C-unwind" fn $($signature)* {
            $crate::__private::core::arch::naked_asm!(
                ".balign 64, 0xcc",
                "jmp {fallback}",
                ".balign 64, 0xcc",
                fallback = sym $($fallback)*,
            )
        }
    };
}

/// Without trampolines: an ordinary function that calls the fallback.
#[doc(hidden)]
#[macro_export]
#[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri))))]
macro_rules! trampoline {
    ([$($fallback:tt)*] { $($portable:tt)* } $(#[$attribute:meta])* unsafe extern "C-unwind" fn $($signature:tt)*) => {
        $(#[$attribute])*
        unsafe extern "C-unwind" fn $($signature)* { $($portable)* }
    };
}

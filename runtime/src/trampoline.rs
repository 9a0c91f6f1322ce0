//! The templates of call sites and of patchable code.

/// An unfinished receiver, beside the error that says so: rust-analyzer, which sets this
/// `cfg`, completes only what an expansion contains. rustc would have an error more.
#[doc(hidden)]
#[macro_export]
#[cfg(rust_analyzer)]
macro_rules! for_editors {
    ($($unfinished:tt)*) => {
        let _ = $($unfinished)*;
    };
}

/// For compilers.
#[doc(hidden)]
#[macro_export]
#[cfg(not(rust_analyzer))]
macro_rules! for_editors {
    ($($unfinished:tt)*) => {};
}

/// Declares the items of a call site: `site! { "method" type Inline = List; }`.
#[doc(hidden)]
#[macro_export]
macro_rules! site {
    ($method:literal $($inline:tt)*) => {
        struct __Site;
        $crate::__private::SITES! {
            #![linkme_macro = $crate::__private::SITES]
            static __SITE: $crate::__private::Site =
                $crate::__private::Site::new(&$crate::__private::Place::new(
                    $method,
                    $crate::__private::core::file!(),
                    $crate::__private::core::line!(),
                    $crate::__private::core::column!(),
                ));
        }
        static __KEYS: $crate::__private::Keys = $crate::__private::Keys::OFF;
        // SAFETY: the statics above, which nobody else can name.
        // rustc shows the next line where a list names a type parameter.
        unsafe impl $crate::__private::CallSite for __Site { // not here: list it at the trait's method, or use `specialize!`
            $($inline)*
            #[inline(always)]
            fn site() -> &'static $crate::__private::Site {
                &__SITE
            }
            #[inline]
            fn keys() -> &'static $crate::__private::Keys {
                &__KEYS
            }
        }
        // A local function and no method of `__Site`: rustc exports whatever a trait
        // impl names, and calls what it exports through the GOT.
        $crate::__private::trampoline! { __Site }
    };
}

/// Declares `__trampoline`, the trampoline of a call site, generic over the method
/// that it leads to: `trampoline! { Site }`.
///
/// A naked function of 64 bytes, aligned to 64, in a section of its own: a head of
/// eight bytes, at rest a jump that leads to the method's fallback, and room for the
/// first chain. `arch` knows the layout. The unwind information covers all of it,
/// whatever it holds: chains have no frame, so the caller's is where it was. A record
/// says where it is and where it leads, in whatever crate it was instantiated. Its
/// declared signature is not the method's: it is called as
/// [`with_signature_of`](crate::private::with_signature_of) says. Where sites have no
/// trampolines it is never called.
#[doc(hidden)]
#[macro_export]
#[cfg(patched)]
macro_rules! trampoline {
    ($site:ty) => {
        #[cold]
        #[unsafe(naked)]
        #[unsafe(link_section = "static_call_text_0_1_0")]
        #[allow(improper_ctypes_definitions)]
        unsafe extern "C-unwind" fn __trampoline<__Method: $crate::__private::DispatchedMethod>(
            // Takes no room, and tells rustc which site's gate it is for, and which method's.
            _: $crate::__private::PhantomData<($site, __Method)>,
        ) {
            $crate::__private::core::arch::naked_asm!(
                $crate::assembly!(align),
                "7:",
                ".cfi_startproc",
                $crate::assembly!(trampoline to "{rest}.local"),
                ".cfi_endproc",
                // As `key::TrampolineRecord` reads it.
                ".pushsection static_call_paths_0_1_0, \"awo\", @progbits, {this}",
                ".p2align 3",
                ".quad 7b, {route}",
                ".popsection",
                rest = sym <__Method as $crate::__private::DispatchedMethod>::rest::<$site>,
                this = sym __trampoline::<__Method>,
                route = sym <__Method as $crate::__private::DispatchedMethod>::route::<$site>,
            )
        }
    };
}

/// Declares `rest`, to which a trampoline's head jumps at rest: a jump to the
/// fallback, whose signature it does not know.
///
/// It has a second name that no library exports. rustc exports the first from Rust
/// `dylib`s, and a jump to what is exported leads to the procedure linkage table,
/// where nobody can tell whose it is: such trampolines were not patched. A trampoline
/// and its `rest` always lie in one object: both are generic over the method and the
/// site, in functions that are never inlined, and whoever instantiates the one does so
/// with the other.
#[doc(hidden)]
#[macro_export]
#[cfg(patched)]
macro_rules! rest {
    ($($fallback:tt)*) => {
        #[unsafe(naked)]
        unsafe extern "C-unwind" fn rest<__Site: $crate::__private::SiteOf<Self>>() {
            $crate::__private::core::arch::naked_asm!(
                ".globl {rest}.local",
                ".hidden {rest}.local",
                "{rest}.local:",
                ".cfi_startproc",
                $crate::assembly!(jump to "{fallback}"),
                ".cfi_endproc",
                rest = sym <Self as $crate::__private::DispatchedMethod>::rest::<__Site>,
                fallback = sym $($fallback)*,
            )
        }
    };
}

/// Declares `__trampoline`, the trampoline of a binding, generic over the method that it
/// leads to: `trampoline_of_binding! { Binding, dyn Trait }`.
///
/// As a call site's, and with a record that says where it is: whoever instantiates it
/// writes one, in whatever crate that happens. Naked functions are emitted once for each
/// instantiation, so that no record is there without its trampoline, nor twice.
#[doc(hidden)]
#[macro_export]
#[cfg(patched)]
macro_rules! trampoline_of_binding {
    ($binding:ty, $object:ty) => {
        #[unsafe(naked)]
        #[unsafe(link_section = "static_call_text_0_1_0")]
        unsafe extern "C-unwind" fn __trampoline<
            __Method: $crate::__private::DispatchedMethod<Object = $object>,
        >() {
            $crate::__private::core::arch::naked_asm!(
                $crate::assembly!(align),
                "7:",
                ".cfi_startproc",
                $crate::assembly!(trampoline to "{rest}.bound"),
                ".cfi_endproc",
                // As `binding::record` reads them.
                ".pushsection static_call_bound_0_1_0, \"awR\", @progbits",
                ".balign 8",
                ".quad 7b, {rest}.bound, {record}, {unbound}, {receiver}, {index}",
                ".popsection",
                rest = sym <__Method as $crate::__private::DispatchedMethod>::rest_of_bound::<$binding>,
                record = sym <$binding as $crate::__private::BindingSite>::record,
                unbound = sym <__Method as $crate::__private::DispatchedMethod>::unbound::<$binding>,
                receiver = sym <__Method as $crate::__private::DispatchedMethod>::receiver,
                index = const <__Method as $crate::__private::DispatchedMethod>::INDEX,
            )
        }
    };
}

/// Declares `rest_of_bound`, to which a binding's trampoline jumps at rest: a jump to a
/// method of the bound type, which is generic over the binding. See [`rest!`](crate::rest)
/// for its second name.
#[doc(hidden)]
#[macro_export]
#[cfg(patched)]
macro_rules! rest_of_bound {
    ($($rest:tt)*) => {
        #[unsafe(naked)]
        unsafe extern "C-unwind" fn rest_of_bound<
            __Binding: $crate::__private::BindingSite<Object = __Object>,
        >()
        where
            __Object: 'static,
        {
            $crate::__private::core::arch::naked_asm!(
                ".globl {this}.bound",
                ".hidden {this}.bound",
                "{this}.bound:",
                ".cfi_startproc",
                $crate::assembly!(jump to "{rest}"),
                ".cfi_endproc",
                this = sym <Self as $crate::__private::DispatchedMethod>::rest_of_bound::<__Binding>,
                rest = sym $($rest)*,
            )
        }
    };
}

/// Without trampolines.
#[doc(hidden)]
#[macro_export]
#[cfg(not(patched))]
macro_rules! trampoline {
    ($site:ty) => {
        #[allow(improper_ctypes_definitions)]
        unsafe extern "C-unwind" fn __trampoline<__Method: $crate::__private::DispatchedMethod>(
            // Takes no room, and tells rustc which site's gate it is for, and which method's.
            _: $crate::__private::PhantomData<($site, __Method)>,
        ) {
            $crate::__private::core::unreachable!()
        }
    };
}

/// Without trampolines.
#[doc(hidden)]
#[macro_export]
#[cfg(not(patched))]
macro_rules! rest {
    ($($fallback:tt)*) => {
        unsafe extern "C-unwind" fn rest<__Site: $crate::__private::SiteOf<Self>>() {
            $crate::__private::core::unreachable!()
        }
    };
}

/// Without trampolines.
#[doc(hidden)]
#[macro_export]
#[cfg(not(patched))]
macro_rules! trampoline_of_binding {
    ($binding:ty, $object:ty) => {
        #[allow(clippy::extra_unused_type_parameters)]
        unsafe extern "C-unwind" fn __trampoline<
            __Method: $crate::__private::DispatchedMethod<Object = $object>,
        >() {
            $crate::__private::core::unreachable!()
        }
    };
}

/// Without trampolines: the declaration's default.
#[doc(hidden)]
#[macro_export]
#[cfg(not(patched))]
macro_rules! rest_of_bound {
    ($($rest:tt)*) => {};
}

//! The items of an expansion, as `macro_rules!`: rustc writes those itself, while each token
//! of a procedural macro is handed over one by one.

/// Declares a region's memory, and, for the report, its record.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "std")]
macro_rules! region {
    ($count:literal $($types:ty),*) => {
        static __REGION: $crate::__private::Region<$count> =
            $crate::__private::Region::new($crate::__private::home!());
        $crate::__private::REGIONS! {
            #![linkme_macro = $crate::__private::REGIONS]
            static __RECORD: $crate::__private::RegionRecord =
                $crate::__private::RegionRecord::new(
                    (
                        $crate::__private::core::file!(),
                        $crate::__private::core::line!(),
                        $crate::__private::core::column!(),
                    ),
                    &[$($crate::__private::core::stringify!($types)),*],
                    &__REGION,
                );
        }
    };
}

/// Declares a region's memory.
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "std"))]
macro_rules! region {
    ($count:literal $($types:ty),*) => {
        static __REGION: $crate::__private::Region<$count> =
            $crate::__private::Region::new($crate::__private::home!());
    };
}

/// The loaded object in which this stands.
#[doc(hidden)]
#[macro_export]
#[cfg(all(
    any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_vendor = "apple",
        windows
    ),
    not(miri)
))]
macro_rules! home {
    () => {{
        unsafe extern "C" {
            #[cfg_attr(
                any(target_os = "linux", target_os = "android", target_os = "freebsd"),
                link_name = "__ehdr_start"
            )]
            #[cfg_attr(target_vendor = "apple", link_name = "__dso_handle")]
            #[cfg_attr(windows, link_name = "__ImageBase")]
            safe static __HEADER: $crate::__private::core::primitive::u8;
        }
        // SAFETY: the linker defines it in each object, hidden from all others; and who writes
        // `home!`, this crate's macros only, writes it into the static that is at home there.
        unsafe { $crate::__private::Home::new(&raw const __HEADER) }
    }};
}

/// The loaded object in which this stands: the only one, or unknown.
#[doc(hidden)]
#[macro_export]
#[cfg(not(all(
    any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_vendor = "apple",
        windows
    ),
    not(miri)
)))]
macro_rules! home {
    () => {
        $crate::__private::Home::EVERYWHERE
    };
}

//! The check of a plugin's file, on any bytes. Seeds: any shared library, and best
//! a plugin; see `fuzz/README.md`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    static_call::__fuzzing::plugin_file(bytes);
});

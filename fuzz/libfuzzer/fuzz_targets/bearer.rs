//! cargo-fuzz's door to [`fuzz::bearer`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::bearer(data));

//! cargo-fuzz's door to [`fuzz::lookup`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::lookup(data));

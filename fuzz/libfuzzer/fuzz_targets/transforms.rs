//! cargo-fuzz's door to [`fuzz::transforms`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::transforms(data));

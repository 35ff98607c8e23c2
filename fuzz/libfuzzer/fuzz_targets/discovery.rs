//! cargo-fuzz's door to [`fuzz::discovery`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::discovery(data));

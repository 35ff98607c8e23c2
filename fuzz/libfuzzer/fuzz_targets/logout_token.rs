//! cargo-fuzz's door to [`fuzz::logout_token`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::logout_token(data));

#![no_main]
#[path = "../../tests/properties/image.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

//! What a photo's file says of itself before anything is decoded.
#![no_main]

use function::photo::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    match Header::read(file) {
        Ok(header) => {
            assert!(header.width > 0 && header.height > 0, "{header:?}");
            assert_eq!(header.bytes, file.len());
            assert!(header.within(header.pixels()).is_ok());
            assert!(header.within(header.pixels() - 1).is_err());
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
});

//! The parser of photos' headers, and the estimate of memory from them, before anything is decoded.
#![no_main]

use function::machine::Machine;
use function::options::{EnvironmentOptions, Preset, SetBy};
use function::photo::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    match Header::read(file) {
        Ok(header) => {
            assert!(header.width > 0 && header.height > 0, "{header:?}");
            assert_eq!(header.file_bytes, file.len());
            assert!(header.check_pixels(header.pixels()).is_ok());
            assert!(header.check_pixels(header.pixels() - 1).is_err());
            let options = EnvironmentOptions::default().resolve(Preset::Accurate, SetBy::Anyone, &[]);
            let options = options.expect("a preset is valid");
            let (width, height) = (header.width, header.height);
            let detection = options.detection.with_bounded_cost(width, height);
            let machine = Machine::from_memory_size(Some("10240"));
            let _ = machine.check_memory(&header, &detection);
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
});

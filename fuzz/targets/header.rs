//! The parser of photos' headers, and the estimate of memory from them, before anything is decoded.
#![no_main]

use function::options::{DetectionOptions, Preset};
use harness::machine::Machine;
use harness::options::{EnvironmentOptions, SetBy};
use harness::photo::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    match Header::read(file) {
        Ok(header) => {
            assert!(header.width > 0 && header.height > 0, "{header:?}");
            assert_eq!(header.file_bytes, file.len());
            assert!(header.check_pixels(header.pixels(), String::new).is_ok());
            assert!(header.check_pixels(header.pixels() - 1, String::new).is_err());
            let environment_options = EnvironmentOptions::<DetectionOptions>::default();
            let options = environment_options.resolve(Preset::Accurate.options(), SetBy::Anyone, &[]);
            let options = options.expect("a preset is valid");
            let (width, height) = (header.width, header.height);
            let detection = options.own.with_bounded_cost(width, height);
            let machine = Machine::with_memory(10240);
            let _ = machine.check_memory(&header, &detection);
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
});

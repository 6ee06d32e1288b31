//! What a photo's file says of itself before anything is decoded, and what is reckoned from that.
#![no_main]

use function::machine::Machine;
use function::options::{Preset, Settings, Who};
use function::photo::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    match Header::read(file) {
        Ok(header) => {
            assert!(header.width > 0 && header.height > 0, "{header:?}");
            assert_eq!(header.bytes, file.len());
            assert!(header.within(header.pixels()).is_ok());
            assert!(header.within(header.pixels() - 1).is_err());
            let options = Settings::default().options(Preset::Accurate, Who::Anyone, &[]);
            let options = options.expect("a preset is possible");
            let (width, height) = (header.width, header.height);
            let detection = options.detection.bounded(width, height);
            let machine = Machine::of(Some("10240"));
            let _ = machine.holds(&header, &detection);
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
});

//! How the harness reads and checks the options of detection, and what they cost.

use harness::options::{FunctionOptions, OptionSpec, Preset as NamedDefaults};
use harness::photo::{Channels, Decoding};

use crate::faces::cost;
use crate::options::{DetectionOptions, DetectorOptions, Preset, preset, table};

impl Default for DetectionOptions {
    fn default() -> Self {
        Preset::Balanced.options()
    }
}

impl FunctionOptions for DetectionOptions {
    const ENVIRONMENT_PREFIX: &'static str = "FACE_DETECT_";
    const SPECS: &'static [OptionSpec<Self>] = table::OPTION_SPECS;
    const PRESETS: &'static [NamedDefaults<Self>] = preset::PRESETS;
    const OUTPUT_KEY: &'static str = "{key}_rs.jpg";
    const WORK_OPTION: Option<&'static str> = Some("longest_side");

    /// Those of the Python original, which had only such events.
    fn for_direct_events() -> Self {
        Preset::Original.options()
    }

    fn preset_name(&self) -> &'static str {
        self.preset.into()
    }

    fn decoding(&self) -> Decoding {
        let channels = match &self.detector {
            DetectorOptions::Cascades(_) => Channels::Grey,
            DetectorOptions::YuNet(_) => Channels::Bgr,
        };
        Decoding {
            longest_side: self.longest_side,
            channels,
        }
    }

    fn working_bytes(&self, image: (u32, u32)) -> u64 {
        cost::working_bytes(self, image)
    }

    fn with_bounded_work(self, width: u32, height: u32) -> Self {
        self.with_bounded_cost(width, height)
    }

    fn validate(&self) -> Result<(), String> {
        let (min_face, max_face) = (self.min_face, self.max_face);
        if max_face != 0 && max_face < min_face {
            return Err(format!(
                "`max_face` is {max_face}, less than `min_face`, which is {min_face}"
            ));
        }
        Ok(())
    }

    /// Refuses values with which anyone who can reach the function URL could make detection run for minutes and
    /// return every window.
    fn validate_for_anyone(&self) -> Result<(), String> {
        if let DetectorOptions::Cascades(cascades) = &self.detector
            && (cascades.scale_factor < 1.05 || cascades.face_neighbours < 1 || cascades.eye_neighbours < 1)
        {
            let reason = "over HTTP, `scale_factor` must be at least 1.05, and `face_neighbours` and \
                          `eye_neighbours` at least 1";
            return Err(reason.to_owned());
        }
        Ok(())
    }
}

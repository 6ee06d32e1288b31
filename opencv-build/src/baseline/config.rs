//! The configuration in `data/baseline.toml`: deviations from OpenCV's default options, with their reasons.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cmake_options::OptionGroup;

const TEXT: &str = include_str!("../../data/baseline.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BaselineConfig {
    pub(super) modules: Vec<String>,
    /// Required formats, each with the macro that `cvconfig.h` defines if it is built in.
    pub(super) codec_macros: BTreeMap<String, String>,
    group: Vec<OptionGroup>,
}

impl BaselineConfig {
    pub(super) fn embedded() -> Self {
        toml::from_str(TEXT).expect("data/baseline.toml is checked by a test")
    }

    pub(super) fn options(&self) -> BTreeMap<String, String> {
        let groups = self.group.iter();
        groups.flat_map(|group| group.options.clone()).collect()
    }

    pub(super) fn missing_features(&self) -> Vec<String> {
        let with_reason = |group: &OptionGroup| Some(format!("{}: {}", group.missing_features.as_ref()?, group.reason));
        self.group.iter().filter_map(with_reason).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_baseline_option_has_a_reason_and_appears_once() {
        let data = BaselineConfig::embedded();
        for group in &data.group {
            assert!(group.reason.len() > 20, "{:?}", group.options);
        }
        let all: usize = data.group.iter().map(|group| group.options.len()).sum();
        assert_eq!(all, data.options().len());
        let missing_features = data.missing_features();
        let gapi = missing_features.iter().find(|text| text.contains("gapi")).unwrap();
        assert!(gapi.contains("fetched from the network"), "{gapi}");
    }

    #[test]
    fn baseline_does_not_set_modules_or_cpu_features() {
        let options = BaselineConfig::embedded().options();
        for ours in ["BUILD_LIST", "CPU_BASELINE", "CPU_DISPATCH", "WITH_JPEG"] {
            assert!(!options.contains_key(ours), "{ours}");
        }
    }
}

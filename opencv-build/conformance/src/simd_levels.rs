//! The instruction sets that OpenCV can choose between on this machine, from its own report, and how to force each of
//! them.

use anyhow::{Result, ensure};
use support::progress::print_status;

#[derive(Debug, PartialEq, Eq)]
pub struct SimdLevel {
    /// The name of the best enabled instruction set in OpenCV.
    pub name: String,
    /// The better instruction sets, for the variable `OPENCV_CPU_DISABLE`.
    pub disabled_features: Vec<String>,
}

impl SimdLevel {
    /// The value of `OPENCV_CPU_DISABLE` that forces this level.
    pub fn cpu_disable(&self) -> String {
        self.disabled_features.join(",")
    }

    /// Fails unless a program that ran at this level reports that the better instruction sets are off.
    pub fn check_report(&self, cpu_features: &str) -> Result<()> {
        let is_off = |name: &String| cpu_features.contains(&format!("*{name}?"));
        ensure!(
            self.disabled_features.iter().all(is_off),
            "OPENCV_CPU_DISABLE does not disable {}: {cpu_features}",
            self.disabled_features.join(" and ")
        );
        Ok(())
    }
}

/// The levels of this machine, the lowest first. Names those that the SDK has and the processor lacks.
///
/// `cpu_features` is the line of `cv::getCPUFeaturesLine`.
pub fn supported_levels(cpu_features: &str) -> Vec<SimdLevel> {
    let (levels, unsupported) = simd_levels(cpu_features);
    for name in unsupported {
        print_status(&format!("{name}: skipped, because this processor does not support it"));
    }
    levels
}

/// Parses the line of `cv::getCPUFeaturesLine`. It lists baseline sets by name and dispatched sets with the prefix `*`,
/// and with the suffix `?` if the processor lacks them.
///
/// Returns all levels, the lowest first, and the sets that OpenCV was built with and the processor lacks.
fn simd_levels(line: &str) -> (Vec<SimdLevel>, Vec<String>) {
    let dispatched = line.split_whitespace().filter_map(|word| word.strip_prefix('*'));
    let (unsupported, supported): (Vec<_>, Vec<_>) = dispatched.partition(|name| name.ends_with('?'));
    let baseline = line.split_whitespace().rfind(|word| !word.starts_with('*'));
    let mut names = vec![baseline.unwrap_or("baseline")];
    names.extend(&supported);
    let level = |(at, name): (usize, &&str)| SimdLevel {
        name: (*name).to_owned(),
        disabled_features: supported[at..].iter().map(|&name| name.to_owned()).collect(),
    };
    let unsupported = unsupported.iter().map(|name| name.trim_end_matches('?').to_owned());
    (names.iter().enumerate().map(level).collect(), unsupported.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_disables_those_above_it() {
        let (levels, unsupported) = simd_levels("SSE SSE2 SSE4.2 *AVX2 *AVX512-SKX *AVX512-ICL?");
        let shown: Vec<_> = levels
            .iter()
            .map(|level| (level.name.as_str(), level.disabled_features.join(",")))
            .collect();
        let expected = [
            ("SSE4.2", "AVX2,AVX512-SKX".to_owned()),
            ("AVX2", "AVX512-SKX".to_owned()),
            ("AVX512-SKX", String::new()),
        ];
        assert_eq!(shown, expected);
        assert_eq!(unsupported, ["AVX512-ICL"]);
    }

    #[test]
    fn a_level_that_is_not_forced_is_an_error() {
        let (levels, _) = simd_levels("SSE4.2 *AVX2 *AVX512-SKX");
        assert_eq!(levels[0].cpu_disable(), "AVX2,AVX512-SKX");
        levels[0].check_report("SSE4.2 *AVX2? *AVX512-SKX?").unwrap();
        let error = levels[0].check_report("SSE4.2 *AVX2 *AVX512-SKX?").unwrap_err();
        assert!(error.to_string().contains("AVX2 and AVX512-SKX"), "{error}");
    }

    #[test]
    fn a_baseline_without_dispatch_is_one_level() {
        let (levels, unsupported) = simd_levels("NEON FP16");
        assert_eq!(levels.len(), 1);
        assert!(levels[0].disabled_features.is_empty() && unsupported.is_empty());
    }
}

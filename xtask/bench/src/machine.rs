//! Describes the machine, with a short stable name from its processor and the number of processors.

use std::thread::available_parallelism;

use fs_err as fs;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// A short name: that of the folder for its results.
    pub name: String,
    pub processor: String,
    pub processors: usize,
    pub architecture: String,
    pub system: String,
    /// The load average of the last minute before measuring: if it is not near zero, other processes were running.
    pub load: f64,
}

impl Machine {
    pub fn current() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let processor = processor(&read("/proc/cpuinfo"));
        let processors = available_parallelism().map_or(1, usize::from);
        let load = read("/proc/loadavg");
        let load = load.split_whitespace().next();
        let load = load.and_then(|text| text.parse().ok());
        Self {
            name: name(&processor, processors),
            processor,
            processors,
            architecture: std::env::consts::ARCH.to_owned(),
            system: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
            load: load.unwrap_or_default(),
        }
    }
}

/// The name of the first processor; for Arm, the numbers of implementer and part.
fn processor(information: &str) -> String {
    let field = |name: &str| {
        let mut lines = information.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(key, _)| key.trim() == name)?;
        Some(value.trim().to_owned())
    };
    // On cloud machines, names can be generic; family and model are not.
    let numbers = field("cpu family").zip(field("model"));
    let arm = field("CPU implementer").zip(field("CPU part"));
    match (field("model name"), numbers, arm) {
        (Some(name), Some((family, model)), _) => {
            format!("{name} (family {family}, model {model})")
        }
        (Some(name), None, _) => name,
        (None, _, Some((maker, part))) => format!("Arm {maker} {part}"),
        (None, _, None) => "unknown".to_owned(),
    }
}

fn name(processor: &str, processors: usize) -> String {
    let noise = ["r", "tm", "cpu", "processor", "family", "model"];
    let small = processor.to_lowercase();
    let (small, _) = small.split_once('@').unwrap_or((&small, ""));
    let words = small
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty() && !noise.contains(word));
    let words: Vec<_> = words.collect();
    format!("{}-{processors}-cores", words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_have_stable_names() {
        let intel = "processor\t: 0\ncpu family\t: 6\nmodel\t\t: 143\n\
                     model name\t: Intel(R) Xeon(R) Platinum 8488C @ 2.40GHz\n";
        assert_eq!(
            processor(intel),
            "Intel(R) Xeon(R) Platinum 8488C @ 2.40GHz (family 6, model 143)"
        );
        assert_eq!(name(&processor(intel), 2), "intel-xeon-platinum-8488c-2-cores");
        assert_eq!(name("AMD EPYC (family 25, model 17)", 2), "amd-epyc-25-17-2-cores");
        let arm = "CPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
        assert_eq!(name(&processor(arm), 4), "arm-0x41-0xd40-4-cores");
        assert_eq!(processor(""), "unknown");
    }
}

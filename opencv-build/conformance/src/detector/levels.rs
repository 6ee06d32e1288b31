//! Which sets of instructions OpenCV can choose between on this machine, from what it says of itself,
//! and how to make it choose each of them.

/// One choice: the best set that OpenCV is left with.
#[derive(Debug, PartialEq, Eq)]
pub struct Level {
    /// The set's name in OpenCV.
    pub name: String,
    /// The better ones, for the variable `OPENCV_CPU_DISABLE`.
    pub disabled: Vec<String>,
}

/// All levels, the lowest first, and the sets that OpenCV was built with and the processor lacks, from
/// the line of `cv::getCPUFeaturesLine`: baseline sets by their names, the others behind a `*`, with a `?`
/// where they are not there.
pub fn levels(line: &str) -> (Vec<Level>, Vec<String>) {
    let chosen = line
        .split_whitespace()
        .filter_map(|word| word.strip_prefix('*'));
    let (lacking, here): (Vec<_>, Vec<_>) = chosen.partition(|name| name.ends_with('?'));
    let baseline = line.split_whitespace().rfind(|word| !word.starts_with('*'));
    let mut names = vec![baseline.unwrap_or("baseline")];
    names.extend(&here);
    let level = |(at, name): (usize, &&str)| Level {
        name: (*name).to_owned(),
        disabled: here[at..].iter().map(|&name| name.to_owned()).collect(),
    };
    let lacking = lacking
        .iter()
        .map(|name| name.trim_end_matches('?').to_owned());
    (
        names.iter().enumerate().map(level).collect(),
        lacking.collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_is_without_those_above_it() {
        let (levels, lacking) = levels("SSE SSE2 SSE4.2 *AVX2 *AVX512-SKX *AVX512-ICL?");
        let shown: Vec<_> = levels
            .iter()
            .map(|level| (level.name.as_str(), level.disabled.join(",")))
            .collect();
        let expected = [
            ("SSE4.2", "AVX2,AVX512-SKX".to_owned()),
            ("AVX2", "AVX512-SKX".to_owned()),
            ("AVX512-SKX", String::new()),
        ];
        assert_eq!(shown, expected);
        assert_eq!(lacking, ["AVX512-ICL"]);
    }

    #[test]
    fn without_a_choice_there_is_one_level() {
        let (levels, lacking) = levels("NEON FP16");
        assert_eq!(levels.len(), 1);
        assert!(levels[0].disabled.is_empty() && lacking.is_empty());
    }
}

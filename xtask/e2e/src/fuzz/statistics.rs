//! Parses the statistics that libFuzzer prints: executions, coverage and corpus.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FuzzStatistics {
    pub executions: u64,
    pub per_second: u64,
    /// libFuzzer's `cov`: the covered edges.
    pub coverage: u64,
    /// libFuzzer's `ft`: edges, their counts, and compared values.
    pub features: u64,
    /// The number of inputs that each cover something that the others do not.
    pub corpus: u64,
}

impl FuzzStatistics {
    /// Parses libFuzzer's last status line; `None` if there is none.
    ///
    /// ```text
    /// #1048576 DONE   cov: 512 ft: 2048 corp: 300/12Kb lim: 4096 exec/s: 17476 rss: 120Mb
    /// ```
    pub fn read(log: &str) -> Option<Self> {
        let line = log
            .lines()
            .rfind(|line| line.starts_with('#') && line.contains(" cov: "))?;
        let words: Vec<_> = line.split_whitespace().collect();
        let number = |word: &str| {
            let digits = word.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        };
        let after = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            number(words.get(at + 1)?)
        };
        Some(Self {
            executions: number(words.first()?.trim_start_matches('#'))?,
            per_second: after("exec/s:").unwrap_or(0),
            coverage: after("cov:")?,
            features: after("ft:")?,
            corpus: after("corp:")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_status_line_is_used() {
        let log = "INFO: seed corpus: files: 3\n\
            #4\tINITED cov: 9 ft: 10 corp: 1/1b exec/s: 0 rss: 30Mb\n\
            #1048576\tDONE   cov: 512 ft: 2048 corp: 300/12Kb lim: 4096 exec/s: 17476 rss: 120Mb\n\
            Done 1048576 runs in 60 second(s)\n";
        let expected = FuzzStatistics {
            executions: 1_048_576,
            per_second: 17_476,
            coverage: 512,
            features: 2048,
            corpus: 300,
        };
        assert_eq!(FuzzStatistics::read(log), Some(expected));
        assert_eq!(FuzzStatistics::read("#1 nothing\n"), None);
    }
}

//! Compares the sizes of competitors with ours.

use anyhow::{Context, Result};
use package::competitors::{CompetitorSize, competitor_sizes};

use super::format::ratio;
use super::report::{Competitor, Report};

/// The figures for the report's architecture and artefacts, the largest ratio first. Those about images and archives of
/// other functions are left out.
pub fn compare_all(report: &Report) -> Result<Vec<Competitor>> {
    compare(competitor_sizes()?, report).context("failed to compare with `xtask/package/data/competitors.toml`")
}

fn compare(figures: Vec<CompetitorSize>, report: &Report) -> Result<Vec<Competitor>> {
    let fits = |figure: &CompetitorSize| {
        let only = figure.architecture;
        let kind = |name: &str| {
            name.split_once(' ')
                .filter(|(kind, _)| ["image", "zip"].contains(kind))
                .is_some()
        };
        let is_others = kind(&figure.artefact) && report.artefact(&figure.artefact).is_none();
        !is_others && only.is_none_or(|architecture| architecture == report.architecture)
    };
    let figures = figures.into_iter().filter(fits);
    let mut competitors = Vec::new();
    for figure in figures {
        let (name, artefact, measure) = (figure.name, figure.artefact, figure.measure);
        let found = report.artefact(&artefact);
        let our_bytes = found.and_then(|found| found.bytes_by(measure));
        let our_bytes = our_bytes.with_context(|| {
            let (measure, names) = (measure.label(), report.artefact_names());
            format!("`{name}` is compared with `{artefact}` {measure}, which does not exist; artefacts are: {names}")
        })?;
        competitors.push(Competitor {
            ratio: ratio(figure.bytes, our_bytes).context("an artefact is empty")?,
            name,
            bytes: figure.bytes,
            measure,
            source: figure.source,
            artefact,
            our_bytes,
        });
    }
    competitors.sort_by(|a, b| b.ratio.total_cmp(&a.ratio));
    Ok(competitors)
}

#[cfg(test)]
mod tests {
    use opencv_build::Architecture;

    use super::*;
    use crate::tests::sample::report_after;
    use package::competitors::parse;

    #[test]
    fn figures_are_compared_with_our_artefacts() {
        let competitors = compare_all(&report_after()).unwrap();
        let python = competitors
            .iter()
            .find(|competitor| competitor.bytes == 712_000_000)
            .unwrap();
        assert_eq!(
            (python.our_bytes, python.artefact.as_str()),
            (7_210_000, "image face-detect")
        );
        assert!((python.ratio - 98.75).abs() < 0.01);
        let ratios: Vec<_> = competitors.iter().map(|competitor| competitor.ratio).collect();
        assert!(ratios.is_sorted_by(|a, b| a >= b), "{ratios:?}");
        assert!(competitors.iter().all(|competitor| !competitor.source.is_empty()));
    }

    #[test]
    fn figures_apply_to_their_architecture_only() {
        let of = |architecture| {
            let report = Report {
                architecture,
                ..report_after()
            };
            let competitors = compare_all(&report).unwrap();
            competitors
                .into_iter()
                .map(|competitor| competitor.bytes)
                .collect::<Vec<_>>()
        };
        let (x86, arm) = (of(Architecture::X86_64), of(Architecture::Aarch64));
        assert!(x86.contains(&194_400_000) && !x86.contains(&116_100_000));
        assert!(arm.contains(&116_100_000) && !arm.contains(&194_400_000));
        assert!(arm.contains(&712_000_000));
    }

    #[test]
    fn unknown_artefact_or_measure_is_rejected() {
        let figure = |artefact: &str, measure: &str| {
            format!(
                "[[competitor]]\nname = \"P\"\nbytes = 5\nmeasure = \"{measure}\"\nartefact = \"{artefact}\"\n\
                 source = \"s\"\n"
            )
        };
        for (artefact, measure) in [("imag", "uncompressed"), ("static libraries", "compressed")] {
            let error = compare(parse(&figure(artefact, measure)).unwrap(), &report_after())
                .unwrap_err()
                .to_string();
            let expected = format!("`P` is compared with `{artefact}` {measure}, which does not exist");
            assert!(error.starts_with(&expected), "{error}");
        }
        let error = parse(&figure("bootstrap", "zipped")).unwrap_err().to_string();
        assert!(error.contains("unknown variant `zipped`"), "{error}");
    }
}

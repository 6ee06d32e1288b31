//! Others who do the same: their figures enter, each beside ours leaves.

use anyhow::{Context, Result};
use package::peers::{Figure, figures};

use super::figures::ratio;
use super::report::{Peer, Report};

/// The figures that fit the report's architecture, the largest ratio first.
pub fn peers(report: &Report) -> Result<Vec<Peer>> {
    compare(figures()?, report).context("failed to compare with `xtask/package/data/peers.toml`")
}

fn compare(figures: Vec<Figure>, report: &Report) -> Result<Vec<Peer>> {
    let fits = |figure: &Figure| {
        let only = figure.architecture;
        only.is_none_or(|architecture| architecture == report.architecture)
    };
    let figures = figures.into_iter().filter(fits);
    let mut peers = Vec::new();
    for figure in figures {
        let (name, artefact, measure) = (figure.name, figure.artefact, figure.measure);
        let found = report.artefact(&artefact);
        let ours = found.and_then(|found| found.measured(measure));
        let ours = ours.with_context(|| {
            let (measure, names) = (measure.word(), report.names());
            format!("`{name}` is compared with `{artefact}` {measure}, and there is no such size; there are: {names}")
        })?;
        peers.push(Peer {
            ratio: ratio(figure.bytes, ours).context("an artefact is empty")?,
            name,
            bytes: figure.bytes,
            measure,
            source: figure.source,
            artefact,
            ours,
        });
    }
    peers.sort_by(|a, b| b.ratio.total_cmp(&a.ratio));
    Ok(peers)
}

#[cfg(test)]
mod tests {
    use opencv_build::Architecture;

    use super::*;
    use crate::tests::sample::after;
    use package::peers::parse;

    #[test]
    fn each_figure_stands_beside_ours() {
        let peers = peers(&after()).unwrap();
        let python = peers.iter().find(|peer| peer.bytes == 712_000_000).unwrap();
        assert_eq!(
            (python.ours, python.artefact.as_str()),
            (7_210_000, "image face-detect")
        );
        assert!((python.ratio - 98.75).abs() < 0.01);
        let ratios: Vec<_> = peers.iter().map(|peer| peer.ratio).collect();
        assert!(ratios.is_sorted_by(|a, b| a >= b), "{ratios:?}");
        assert!(peers.iter().all(|peer| !peer.source.is_empty()));
    }

    #[test]
    fn an_architectures_figures_are_for_it_alone() {
        let of = |architecture| {
            let report = Report {
                architecture,
                ..after()
            };
            let peers = peers(&report).unwrap();
            peers.into_iter().map(|peer| peer.bytes).collect::<Vec<_>>()
        };
        let (x86, arm) = (of(Architecture::X86_64), of(Architecture::Aarch64));
        assert!(x86.contains(&194_400_000) && !x86.contains(&116_100_000));
        assert!(arm.contains(&116_100_000) && !arm.contains(&194_400_000));
        assert!(arm.contains(&712_000_000));
    }

    #[test]
    fn what_is_compared_with_nothing_is_named() {
        let figure = |artefact: &str, measure: &str| {
            format!(
                "[[peer]]\nname = \"P\"\nbytes = 5\nmeasure = \"{measure}\"\nartefact = \"{artefact}\"\nsource = \"s\"\n"
            )
        };
        for (artefact, measure) in [("imag", "unpacked"), ("static libraries", "packed")] {
            let error = compare(parse(&figure(artefact, measure)).unwrap(), &after())
                .unwrap_err()
                .to_string();
            let expected =
                format!("`P` is compared with `{artefact}` {measure}, and there is no such size");
            assert!(error.starts_with(&expected), "{error}");
        }
        let error = parse(&figure("bootstrap", "zipped"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("unknown variant `zipped`"), "{error}");
    }
}

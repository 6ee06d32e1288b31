//! Others who do the same: figures of `data/size/peers.toml` enter, each beside ours leaves.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::figures::ratio;
use super::report::{Measure, Peer, Report};

const DATA: &str = include_str!("../../data/size/peers.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    peer: Vec<Figure>,
}

/// A figure as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Figure {
    name: String,
    bytes: u64,
    measure: Measure,
    /// Our artefact that it is compared with.
    artefact: String,
    /// The only architecture that it is of; of any, if none.
    architecture: Option<String>,
    source: String,
}

/// The figures that fit the report's architecture, the largest ratio first.
///
/// # Errors
/// One is compared with an artefact or a size that is not in the report.
pub fn peers(report: &Report) -> Result<Vec<Peer>> {
    compare(DATA, report).context("failed to compare with `xtask/data/size/peers.toml`")
}

/// The bytes of the peer of that name.
pub fn bytes_of(name: &str) -> Option<u64> {
    let file: File = toml::from_str(DATA).ok()?;
    let peer = file.peer.into_iter().find(|peer| peer.name == name)?;
    Some(peer.bytes)
}

fn compare(data: &str, report: &Report) -> Result<Vec<Peer>> {
    let file: File = toml::from_str(data)?;
    let fits = |figure: &Figure| {
        let only = figure.architecture.as_ref();
        only.is_none_or(|architecture| *architecture == report.architecture)
    };
    let figures = file.peer.into_iter().filter(fits);
    let mut peers = figures
        .map(|figure| {
            let ours = report
                .artefact(&figure.artefact)
                .and_then(|artefact| figure.measure.of(artefact))
                .with_context(|| {
                    format!(
                        "`{}` is compared with `{}` {}, and there is no such size; there are: {}",
                        figure.name,
                        figure.artefact,
                        figure.measure.word(),
                        report.names()
                    )
                })?;
            Ok(Peer {
                ratio: ratio(figure.bytes, ours).context("an artefact is empty")?,
                name: figure.name,
                bytes: figure.bytes,
                measure: figure.measure,
                source: figure.source,
                artefact: figure.artefact,
                ours,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    peers.sort_by(|a, b| b.ratio.total_cmp(&a.ratio));
    Ok(peers)
}

#[cfg(test)]
mod tests {
    use super::super::sample::after;
    use super::*;

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
        let of = |architecture: &str| {
            let report = Report {
                architecture: architecture.into(),
                ..after()
            };
            let peers = peers(&report).unwrap();
            peers.into_iter().map(|peer| peer.bytes).collect::<Vec<_>>()
        };
        let (x86, arm) = (of("x86_64"), of("aarch64"));
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
            let error = compare(&figure(artefact, measure), &after())
                .unwrap_err()
                .to_string();
            let expected =
                format!("`P` is compared with `{artefact}` {measure}, and there is no such size");
            assert!(error.starts_with(&expected), "{error}");
        }
        let error = compare(&figure("bootstrap", "zipped"), &after())
            .unwrap_err()
            .to_string();
        assert!(error.contains("unknown variant `zipped`"), "{error}");
    }
}

//! Converts a cascade's XML file to the plain list of numbers from which `data/pack_cascade.cpp` builds a packed
//! cascade.

use std::fmt::Write;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use roxmltree::{Document, Node};

/// OpenCV subtracts this from each stage's threshold on loading.
const THRESHOLD_EPSILON: f32 = 1e-5;
/// Maximum number of rectangles per feature.
const MAX_RECTS: usize = 3;

/// The numbers of a Haar cascade in `xml`, one per line; fractions as the bits of a `float`. `None` for other types of
/// cascades and for the format before OpenCV 2.4.
pub fn flatten(xml: &str) -> Result<Option<String>> {
    let document = Document::parse(xml)?;
    let storage = document.root_element();
    let root = storage.children().find(Node::is_element);
    let root = root.context("the file contains no cascade")?;
    if !child_text(root, "featureType").is_ok_and(|kind| kind == "HAAR") {
        return Ok(None);
    }
    let mut numbers = String::new();
    let mut put = |number: i64| {
        let _ = writeln!(numbers, "{number}");
    };
    put(parse_number(child_text(root, "width")?)?);
    put(parse_number(child_text(root, "height")?)?);

    let stages: Vec<_> = child_elements(root, "stages")?.collect();
    put(i64::try_from(stages.len())?);
    for stage in &stages {
        let threshold = parse_float(child_text(*stage, "stageThreshold")?)?;
        put(bits(threshold - THRESHOLD_EPSILON));
        let trees: Vec<_> = child_elements(*stage, "weakClassifiers")?.collect();
        put(i64::try_from(trees.len())?);
        for tree in trees {
            let [nodes, leaves] = [child_text(tree, "internalNodes")?, child_text(tree, "leafValues")?]
                .map(|text| text.split_ascii_whitespace().collect::<Vec<_>>());
            let (nodes, rest) = nodes.as_chunks::<4>();
            ensure!(
                rest.is_empty() && leaves.len() == nodes.len() + 1,
                "a tree has {} leaves for {} nodes",
                leaves.len(),
                nodes.len()
            );
            put(i64::try_from(nodes.len())?);
            for [left, right, feature, threshold] in nodes {
                for number in [left, right, feature] {
                    put(parse_number(number)?);
                }
                put(bits(parse_float(threshold)?));
            }
            for leaf in leaves {
                put(bits(parse_float(leaf)?));
            }
        }
    }
    let features: Vec<_> = child_elements(root, "features")?.collect();
    put(i64::try_from(features.len())?);
    for feature in features {
        let tilted = child_text(feature, "tilted").is_ok_and(|tilted| !["", "0"].contains(&tilted));
        put(i64::from(tilted));
        let boxes: Vec<_> = child_elements(feature, "rects")?.collect();
        ensure!(boxes.len() <= MAX_RECTS, "a feature has {} rectangles", boxes.len());
        for index in 0..MAX_RECTS {
            let text = boxes.get(index).map(|node| node.text().unwrap_or_default());
            let parts = text.unwrap_or("0 0 0 0 0").split_ascii_whitespace();
            let parts: Vec<_> = parts.collect();
            let [x, y, width, height, weight] = parts[..] else {
                bail!("a rectangle has {} numbers, not 5", parts.len());
            };
            for number in [x, y, width, height] {
                put(parse_number(number)?);
            }
            let weight: f64 = parse_number(weight)?;
            ensure!(weight.fract() == 0.0, "the weight {weight} is not an integer");
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is whole, and `pack_cascade.cpp` refuses more than 127"
            )]
            put(weight as i64);
        }
    }
    Ok(Some(numbers))
}

/// The bits of a `float`, which need no rounding when printed and parsed.
fn bits(number: f32) -> i64 {
    i64::from(number.to_bits())
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Result<Node<'a, 'i>> {
    let child = node.children().find(|child| child.has_tag_name(name));
    child.with_context(|| format!("`{}` has no `{name}`", node.tag_name().name()))
}

fn child_text<'a>(node: Node<'a, '_>, name: &str) -> Result<&'a str> {
    Ok(child(node, name)?.text().unwrap_or_default().trim())
}

fn child_elements<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Result<impl Iterator<Item = Node<'a, 'i>>> {
    Ok(child(node, name)?.children().filter(Node::is_element))
}

/// Parses a `double` and rounds it, as OpenCV does.
#[expect(clippy::cast_possible_truncation, reason = "it is to be rounded")]
fn parse_float(text: &str) -> Result<f32> {
    Ok(parse_number::<f64>(text)? as f32)
}

fn parse_number<T: FromStr>(text: &str) -> Result<T> {
    let number = text.parse().ok();
    number.with_context(|| format!("`{text}` is not a valid number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL_CASCADE: &str = "<?xml version=\"1.0\"?>
        <opencv_storage><cascade><stageType>BOOST</stageType><featureType>HAAR</featureType>
        <height>24</height><width>20</width>
        <stages><_><stageThreshold>-1.5</stageThreshold><weakClassifiers><_>
          <internalNodes>0 -1 0 2.5e-1</internalNodes><leafValues>1. -1.</leafValues></_></weakClassifiers></_></stages>
        <features><_><rects><_>1 2 3 4 -1.</_><_>1 2 3 2 2.</_></rects><tilted>0</tilted></_></features>
        </cascade></opencv_storage>";

    #[test]
    fn cascade_is_flattened_in_order() {
        let flattened = flatten(MINIMAL_CASCADE).unwrap().unwrap();
        let numbers: Vec<i64> = flattened.lines().map(|line| line.parse().unwrap()).collect();
        let threshold = bits(-1.5 - 1e-5);
        let expected = [
            20,
            24,
            1,
            threshold,
            1,
            1,
            0,
            -1,
            0,
            bits(0.25),
            bits(1.0),
            bits(-1.0),
            1,
            0,
            1,
            2,
            3,
            4,
            -1,
            1,
            2,
            3,
            2,
            2,
            0,
            0,
            0,
            0,
            0,
        ];
        assert_eq!(numbers, expected);
    }

    #[test]
    fn other_cascade_types_are_skipped_and_broken_ones_rejected() {
        assert!(flatten(&MINIMAL_CASCADE.replace("HAAR", "LBP")).unwrap().is_none());
        assert!(flatten("<opencv_storage><old/></opencv_storage>").unwrap().is_none());
        let error = |from, to| format!("{:#}", flatten(&MINIMAL_CASCADE.replace(from, to)).unwrap_err());
        assert!(error("1. -1.</leaf", "1.</leaf").contains("1 leaves for 1 nodes"));
        assert!(error("<_>1 2 3 2 2.", "<_>1 2 3 2").contains("4 numbers"));
        assert!(error("2.5e-1", "much").contains("`much` is not a valid number"));
        assert!(error(" 2.</_>", " 2.5</_>").contains("not an integer"));
        assert!(error("</opencv_storage>", "").contains("close"));
    }
}

//! Reads labels in the format of WIDER FACE: for each photo its path, the number of its faces, and a line for each.
//! Source: the data set's `readme.txt`, "The format of txt ground truth".

use std::collections::BTreeMap;
use std::iter::{Enumerate, Peekable};
use std::str::Lines;

use anyhow::{Context, Result, bail, ensure};

use super::photo_path::ensure_relative;
use crate::eval::score::Label;

/// x, y, w, h, blur, expression, illumination, invalid, occlusion, pose.
const NUMBERS: usize = 10;
const INVALID: usize = 7;

/// The labels of each photo, by its path. A face that is invalid is ignored, and one of size zero is left out.
///
/// # Errors
/// Names the first line that is malformed.
pub fn parse(text: &str) -> Result<BTreeMap<String, Vec<Label>>> {
    let mut lines = text.lines().enumerate().peekable();
    let mut photos = BTreeMap::new();
    while let Some((index, line)) = lines.next() {
        let path = line.trim();
        if path.is_empty() {
            continue;
        }
        let failed = || format!("line {}: `{path}`", index + 1);
        ensure_path(path).with_context(failed)?;
        let labels = faces(&mut lines).with_context(failed)?;
        if photos.insert(path.to_owned(), labels).is_some() {
            bail!("line {}: `{path}` occurs twice", index + 1);
        }
    }
    Ok(photos)
}

/// # Errors
/// The line is a face, or not a relative path.
fn ensure_path(line: &str) -> Result<()> {
    ensure!(
        parse_face(line).is_none(),
        "it is a face, not the path of a photo; does the count above it match its faces?"
    );
    ensure_relative(line)
}

fn faces(lines: &mut Peekable<Enumerate<Lines>>) -> Result<Vec<Label>> {
    let (index, line) = lines.next().context("the file ends before its number of faces")?;
    let count = line.trim().parse::<usize>().ok();
    let count = count.with_context(|| format!("line {}: `{}` is not a number of faces", index + 1, line.trim()))?;
    if count == 0 {
        // The data set has a line of zeros after a count of 0.
        lines.next_if(|(_, line)| parse_face(line).is_some());
    }
    let mut labels = Vec::new();
    for number in 1..=count {
        let (index, line) = lines
            .next()
            .with_context(|| format!("the file ends before face {number} of {count}"))?;
        let face = parse_face(line).with_context(|| {
            format!(
                "line {}: `{}` is not face {number} of {count}: {NUMBERS} numbers, x, y, width, height and six \
                 attributes",
                index + 1,
                line.trim()
            )
        })?;
        let rectangle = [face[0], face[1], face[2], face[3]];
        if rectangle[2] > 0.0 && rectangle[3] > 0.0 {
            labels.push(Label {
                rectangle,
                is_ignored: face[INVALID] > 0.5,
            });
        }
    }
    Ok(labels)
}

fn parse_face(line: &str) -> Option<[f64; NUMBERS]> {
    let numbers = line.split_whitespace().map(str::parse::<f64>);
    let numbers = numbers.collect::<Result<Vec<_>, _>>().ok()?;
    let numbers: [f64; NUMBERS] = numbers.try_into().ok()?;
    numbers.iter().all(|number| number.is_finite()).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_faces_are_ignored_and_those_without_size_are_left_out() {
        let text = "parade/one.jpg\n3\n10 20 30 40 0 0 0 0 1 0 \n50 60 7 8 2 0 0 1 2 0 \n5 5 0 9 0 0 0 0 0 0\n\
                    none.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \nempty.jpg\n0\nlast one.jpg\n1\n1 2 3 4 0 0 0 0 0 0\n";
        let photos = parse(text).unwrap();
        let label = |rectangle, is_ignored| Label { rectangle, is_ignored };
        let expected = [
            ("empty.jpg", vec![]),
            ("last one.jpg", vec![label([1.0, 2.0, 3.0, 4.0], false)]),
            ("none.jpg", vec![]),
            (
                "parade/one.jpg",
                vec![
                    label([10.0, 20.0, 30.0, 40.0], false),
                    label([50.0, 60.0, 7.0, 8.0], true),
                ],
            ),
        ];
        let expected = expected.map(|(name, labels)| (name.to_owned(), labels));
        assert_eq!(photos, BTreeMap::from(expected));
    }

    #[test]
    fn malformed_lines_are_named_by_their_number() {
        let face = "1 2 3 4 0 0 0 0 0 0";
        for (text, number, why) in [
            ("a.jpg".to_owned(), 1, "ends before its number of faces"),
            ("a.jpg\nsome\n".to_owned(), 2, "`some` is not a number of faces"),
            ("a.jpg\n-1\n".to_owned(), 2, "not a number of faces"),
            (format!("a.jpg\n2\n{face}\n"), 1, "ends before face 2 of 2"),
            (format!("a.jpg\n2\n{face}\nb.jpg\n"), 4, "`b.jpg` is not face 2 of 2"),
            ("a.jpg\n1\n1 2 3 4\n".to_owned(), 3, "10 numbers"),
            ("a.jpg\n1\n1 2 3 x 0 0 0 0 0 0\n".to_owned(), 3, "not face 1 of 1"),
            ("a.jpg\n1\n1 2 3 NaN 0 0 0 0 0 0\n".to_owned(), 3, "not face 1 of 1"),
            (
                format!("a.jpg\n1\n{face}\n{face}\n"),
                4,
                "does the count above it match",
            ),
            (format!("../a.jpg\n1\n{face}\n"), 1, "relative path"),
            (format!("/a.jpg\n1\n{face}\n"), 1, "relative path"),
            (format!("a.jpg\n1\n{face}\na.jpg\n1\n{face}\n"), 4, "occurs twice"),
        ] {
            let error = format!("{:#}", parse(&text).unwrap_err());
            assert!(error.contains(&format!("line {number}: ")), "{error}");
            assert!(error.contains(why), "{error}");
        }
    }
}

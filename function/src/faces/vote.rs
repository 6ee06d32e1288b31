//! How the findings of several cascades become one list of faces.
//!
//! OpenCV counts, for each rectangle, how many windows of one cascade agree on it. A face that is
//! real is found by other cascades too, a false alarm mostly by one; so the counts of rectangles
//! that lie on each other are summed over all cascades, and the sum decides. `cargo xtask eval` shows
//! what that does for precision and recall.

use super::Area;

/// How much two rectangles must share to be the same face: intersection over union. Anything from
/// 0.1 to 0.5 gives the same faces on the labelled photos.
const SAME: f64 = 0.3;

/// A rectangle that one cascade found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// Left, top, width and height, in pixels.
    pub area: [f64; 4],
    /// How many windows agreed.
    pub votes: i32,
}

/// How the window of a cascade lies on a face, as parts of the window's width. The windows of
/// frontal cascades have more forehead and those of the profile cascade more background than the
/// boxes that people draw; the numbers are the mean differences on the labelled photos.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// The face's width.
    pub side: f64,
    /// How far right of the window's centre the face's is.
    pub right: f64,
    /// How far below.
    pub below: f64,
}

impl Fit {
    /// The face in a window.
    pub fn face(self, [x, y, width, height]: Area) -> [f64; 4] {
        let [x, y, width, height] = [x, y, width, height].map(f64::from);
        let side = self.side * width;
        let across = x + width / 2.0 + self.right * width;
        let down = y + height / 2.0 + self.below * height;
        [across - side / 2.0, down - side / 2.0, side, side]
    }

    /// The same for a picture that was flipped from left to right.
    pub fn flipped(self) -> Self {
        Self {
            right: -self.right,
            ..self
        }
    }
}

/// The faces that have at least `needed` votes. `findings` are in the order of the cascades and of
/// OpenCV, which decides where votes are equal, so that the result is always the same. A face's box
/// is the mean of its findings, weighted by their votes.
pub fn elect(mut findings: Vec<Finding>, needed: i32) -> Vec<Area> {
    findings.sort_by_key(|finding| -finding.votes);
    let mut groups: Vec<Vec<Finding>> = Vec::new();
    for finding in findings {
        let mut best: Option<(f64, usize)> = None;
        for (place, group) in groups.iter().enumerate() {
            let shared = shared(finding.area, group[0].area);
            if shared >= SAME && best.is_none_or(|(most, _)| shared > most) {
                best = Some((shared, place));
            }
        }
        match best {
            Some((_, place)) => groups[place].push(finding),
            None => groups.push(vec![finding]),
        }
    }
    let votes = |group: &Vec<Finding>| group.iter().map(|finding| finding.votes).sum::<i32>();
    let elected = groups.iter().filter(|group| votes(group) >= needed);
    elected.map(|group| mean(group, votes(group))).collect()
}

fn mean(group: &[Finding], votes: i32) -> Area {
    let part = |part: usize| {
        let weighted = |finding: &Finding| finding.area[part] * f64::from(finding.votes);
        group.iter().map(weighted).sum::<f64>() / f64::from(votes)
    };
    let [x, y, width, height] = [part(0), part(1), part(2), part(3)];
    #[expect(clippy::cast_possible_truncation, reason = "a picture's sides fit")]
    let pixel = |edge: f64| (edge + 0.5).floor() as i32;
    let (left, top) = (pixel(x), pixel(y));
    [left, top, pixel(x + width) - left, pixel(y + height) - top]
}

/// Intersection over union.
fn shared(a: [f64; 4], b: [f64; 4]) -> f64 {
    let overlap = |axis: usize| {
        let end = (a[axis] + a[axis + 2]).min(b[axis] + b[axis + 2]);
        (end - a[axis].max(b[axis])).max(0.0)
    };
    let both = overlap(0) * overlap(1);
    both / (a[2] * a[3] + b[2] * b[3] - both)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(x: f64, votes: i32) -> Finding {
        Finding {
            area: [x, 0.0, 10.0, 10.0],
            votes,
        }
    }

    #[test]
    fn votes_of_the_same_face_are_summed() {
        let findings = vec![finding(0.0, 3), finding(2.0, 6), finding(50.0, 8)];
        assert_eq!(elect(findings.clone(), 9), [[1, 0, 10, 10]]);
        assert_eq!(
            elect(findings.clone(), 8),
            [[50, 0, 10, 10], [1, 0, 10, 10]]
        );
        assert!(elect(findings, 10).is_empty());
    }

    #[test]
    fn a_finding_joins_the_face_that_it_shares_most_with() {
        let findings = vec![finding(0.0, 9), finding(6.0, 8), finding(4.0, 1)];
        // The last shares 0.43 with the first and 0.67 with the second.
        assert_eq!(elect(findings, 1), [[0, 0, 10, 10], [6, 0, 10, 10]]);
    }

    #[test]
    fn a_flipped_fit_leans_to_the_other_side() {
        let fit = Fit {
            side: 0.5,
            right: -0.1,
            below: 0.1,
        };
        assert_eq!(fit.face([0, 0, 20, 20]), [3.0, 7.0, 10.0, 10.0]);
        assert_eq!(fit.flipped().face([0, 0, 20, 20]), [7.0, 7.0, 10.0, 10.0]);
    }
}

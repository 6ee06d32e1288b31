//! How the findings of several cascades become one list of faces.
//!
//! OpenCV counts, for each rectangle, how many windows of one cascade agree on it. A face that is
//! real is found by other cascades too, a false alarm mostly by one; so the counts of rectangles
//! that lie on each other are summed over all cascades, and the sum decides. `cargo xtask eval` shows
//! what that does for precision and recall.

use std::collections::HashMap;

use super::BoundingBox;

/// How much two rectangles must share to be the same face: intersection over union. Anything from
/// 0.1 to 0.5 gives the same faces on the labelled photos.
const SAME: f64 = 0.3;

/// A rectangle that one cascade found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RawDetection {
    /// Left, top, width and height, in pixels; a square.
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
    pub fn face(self, [x, y, width, height]: BoundingBox) -> [f64; 4] {
        let [x, y, width, height] = [x, y, width, height].map(f64::from);
        let side = self.side * width;
        let across = x + width / 2.0 + self.right * width;
        let down = y + height / 2.0 + self.below * height;
        [across - side / 2.0, down - side / 2.0, side, side]
    }

    /// The same for a picture that was flipped from left to right.
    #[must_use]
    pub fn flipped(self) -> Self {
        Self {
            right: -self.right,
            ..self
        }
    }
}

/// The faces that have at least `needed` votes. `detections` are in the order of the cascades and of
/// OpenCV, which decides where votes are equal, so that the result is always the same. A face's box
/// is the mean of its findings, weighted by their votes.
pub fn merge(mut detections: Vec<RawDetection>, needed: i32) -> Vec<BoundingBox> {
    detections.sort_by_key(|detection| -detection.votes);
    let mut groups: Vec<Vec<RawDetection>> = Vec::new();
    let mut grid = GroupGrid::default();
    for detection in detections {
        let mut best: Option<(f64, usize)> = None;
        for place in grid.near(detection.area) {
            let shared = shared(detection.area, groups[place][0].area);
            let better = |(most, first): (f64, usize)| {
                let more = shared.total_cmp(&most);
                more.then_with(|| first.cmp(&place)).is_gt()
            };
            if shared >= SAME && best.is_none_or(better) {
                best = Some((shared, place));
            }
        }
        if let Some((_, place)) = best {
            groups[place].push(detection);
        } else {
            grid.add(detection.area, groups.len());
            groups.push(vec![detection]);
        }
    }
    let votes = |group: &Vec<RawDetection>| group.iter().map(|detection| detection.votes).sum::<i32>();
    let merged = groups.iter().filter(|group| votes(group) >= needed);
    merged.map(|group| mean(group, votes(group))).collect()
}

/// Where the first squares of groups are: by how often the side can be halved, and by the cell that the upper left
/// corner is in, of which the sides are twice that power of two. First squares share little, so that a cell
/// holds few, however many there are in all.
#[derive(Default)]
struct GroupGrid {
    cells: HashMap<[i32; 3], Vec<usize>>,
}

impl GroupGrid {
    fn add(&mut self, area: [f64; 4], group: usize) {
        let halvings = halvings(area);
        let [x, y] = [area[0], area[1]].map(|edge| cell(edge, halvings));
        self.cells.entry([halvings, x, y]).or_default().push(group);
    }

    /// The groups whose first squares may share `SAME` with this one. Sides of two such squares differ by less than
    /// a factor of two.
    fn near(&self, [x, y, width, height]: [f64; 4]) -> impl Iterator<Item = usize> {
        let own = halvings([x, y, width, height]);
        (own - 1..=own + 1).flat_map(move |halvings| {
            let reach =
                move |from: f64, length: f64| cell(from - side(halvings), halvings)..=cell(from + length, halvings);
            let cells = reach(x, width).flat_map(move |x| reach(y, height).map(move |y| [halvings, x, y]));
            let groups = cells.filter_map(|cell| self.cells.get(&cell));
            groups.flatten().copied()
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a picture's sides fit")]
fn halvings(area: [f64; 4]) -> i32 {
    area[2].max(1.0).log2().floor() as i32
}

/// The side of a cell, longer than that of any square in it.
fn side(halvings: i32) -> f64 {
    2.0_f64.powi(halvings + 1)
}

#[expect(clippy::cast_possible_truncation, reason = "a picture's sides fit")]
fn cell(edge: f64, halvings: i32) -> i32 {
    (edge / side(halvings)).floor() as i32
}

fn mean(group: &[RawDetection], votes: i32) -> BoundingBox {
    let part = |part: usize| {
        let weighted = |detection: &RawDetection| detection.area[part] * f64::from(detection.votes);
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
    use std::collections::HashSet;
    use std::time::{Duration, Instant};

    use super::*;

    fn detection(x: f64, votes: i32) -> RawDetection {
        RawDetection {
            area: [x, 0.0, 10.0, 10.0],
            votes,
        }
    }

    #[test]
    fn votes_of_the_same_face_are_summed() {
        let detections = vec![detection(0.0, 3), detection(2.0, 6), detection(50.0, 8)];
        assert_eq!(merge(detections.clone(), 9), [[1, 0, 10, 10]]);
        assert_eq!(merge(detections.clone(), 8), [[50, 0, 10, 10], [1, 0, 10, 10]]);
        assert!(merge(detections, 10).is_empty());
    }

    #[test]
    fn a_detection_joins_the_group_that_it_overlaps_most() {
        let detections = vec![detection(0.0, 9), detection(6.0, 8), detection(4.0, 1)];
        // The last shares 0.43 with the first and 0.67 with the second.
        assert_eq!(merge(detections, 1), [[0, 0, 10, 10], [6, 0, 10, 10]]);
    }

    /// Squares of many sizes, which make a crowd of groups that share something.
    fn crowd(count: u32, width: u32) -> Vec<RawDetection> {
        let mut state = 1_u32;
        let mut random = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state / 65_536 % most
        };
        let detection = |_| {
            let side = 0.88 * f64::from(20 + random(60) * random(3));
            let [x, y] = [random(width), random(width)].map(|edge| f64::from(edge) - 5.3);
            RawDetection {
                area: [x, y, side, side],
                votes: (2 + random(30)).cast_signed(),
            }
        };
        (0..count).map(detection).collect()
    }

    #[test]
    fn the_grid_returns_every_overlapping_group() {
        let mut grid = GroupGrid::default();
        let squares: Vec<_> = crowd(2000, 400).iter().map(|detection| detection.area).collect();
        for (group, area) in squares.iter().enumerate() {
            let same = (0..group).filter(|other| shared(*area, squares[*other]) >= SAME);
            let near: HashSet<_> = grid.near(*area).collect();
            for other in same {
                assert!(near.contains(&other), "{area:?} and {:?}", squares[other]);
            }
            grid.add(*area, group);
        }
    }

    #[test]
    fn equal_overlap_goes_to_the_first_group() {
        for [first, second] in [[0.0, 10.0], [10.0, 0.0]] {
            let detections = vec![detection(first, 9), detection(second, 8), detection(5.0, 7)];
            let moved = if first < second { 2 } else { 8 };
            assert_eq!(merge(detections, 9), [[moved, 0, 10, 10]], "{first}");
        }
    }

    #[test]
    fn many_detections_are_not_compared_in_pairs() {
        let start = Instant::now();
        let found = merge(crowd(150_000, 20_000), 2).len();
        // Pairs would take minutes.
        assert!(found > 50_000 && start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the results are whole numbers")]
    fn a_flipped_fit_mirrors_its_offset() {
        let fit = Fit {
            side: 0.5,
            right: -0.1,
            below: 0.1,
        };
        assert_eq!(fit.face([0, 0, 20, 20]), [3.0, 7.0, 10.0, 10.0]);
        assert_eq!(fit.flipped().face([0, 0, 20, 20]), [7.0, 7.0, 10.0, 10.0]);
    }
}

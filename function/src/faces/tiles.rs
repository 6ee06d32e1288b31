//! The tiles into which a level of the image pyramid is divided, so that the network's memory does not grow with it.

use std::ops::Range;

use super::pyramid::Size;

/// The maximum side of a tile, in pixels.
const MAX_SIDE: u32 = 1024;
/// The pixels that a tile shares with the next one in each direction.
const OVERLAP: u32 = 128;
/// A face counts only if it is this far from the edges that its tile shares with others, in pixels or relative to the
/// longest side of its box, whichever is more. The box of a face that an edge cuts ends near the edge: this margin
/// excluded all of them in 953 boxes of seven faces, 60 to 340 pixels high, that were cut at 14 places from each side.
/// Such a face is found in the other tile, or on a coarser level if it is larger than `OVERLAP` less both margins.
const MIN_EDGE: f64 = 12.0;
const RELATIVE_EDGE: f64 = 1.0 / 8.0;
/// The network pads an image to multiples of this. Tiles begin at such multiples, so that its cells are where they
/// would be without tiles.
const STRIDE: u32 = 32;

/// A part of a level: the pixels from left to right and from top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    pub x: Range<u32>,
    pub y: Range<u32>,
    level: Size,
}

impl Tile {
    /// Whether a face counts, by the left, top, right and bottom edges of its box in the level.
    pub fn accepts(&self, [left, top, right, bottom]: [f64; 4]) -> bool {
        let edge = MIN_EDGE.max((right - left).max(bottom - top) * RELATIVE_EDGE);
        let contains = |tile: &Range<u32>, side: u32, [from, to]: [f64; 2]| {
            (tile.start == 0 || from >= f64::from(tile.start) + edge)
                && (tile.end == side || to <= f64::from(tile.end) - edge)
        };
        contains(&self.x, self.level.0, [left, right]) && contains(&self.y, self.level.1, [top, bottom])
    }
}

/// The tiles of a level, of similar sizes.
pub fn tiles(level: Size) -> impl Iterator<Item = Tile> {
    spans(level.1).flat_map(move |y| spans(level.0).map(move |x| Tile { x, y: y.clone(), level }))
}

/// The pixels that the network processes in all tiles of a level.
pub fn scanned_pixels((width, height): Size) -> f64 {
    let scanned = |side: u32| f64::from(padded(side)) + f64::from(OVERLAP) * f64::from(count(side) - 1);
    scanned(width) * scanned(height)
}

/// The pixels that the network processes in a level's largest tile, or more.
pub fn largest_tile_pixels((width, height): Size) -> f64 {
    let longest = |side: u32| f64::from(padded(side.min(MAX_SIDE)));
    longest(width) * longest(height)
}

fn padded(side: u32) -> u32 {
    side.checked_next_multiple_of(STRIDE).unwrap_or(u32::MAX)
}

fn spans(side: u32) -> impl Iterator<Item = Range<u32>> {
    let step = step(side);
    let starts = (0..count(side)).map(move |index| index * step);
    starts.map(move |start| start..start.saturating_add(step + OVERLAP).min(side))
}

/// The distance between the starts of two tiles.
fn step(side: u32) -> u32 {
    let distance = last_start(side);
    distance
        .div_ceil(distance.div_ceil(MAX_SIDE - OVERLAP))
        .next_multiple_of(STRIDE)
}

fn count(side: u32) -> u32 {
    last_start(side).div_ceil(step(side))
}

/// A tile from here on would have no pixels of its own.
fn last_start(side: u32) -> u32 {
    side.saturating_sub(OVERLAP).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_up_to_the_maximum_are_one_tile() {
        for side in [1, 31, 128, 129, 1023, 1024] {
            let [tile] = <[Tile; 1]>::try_from(tiles((side, 1024)).collect::<Vec<_>>()).unwrap();
            assert_eq!((&tile.x, &tile.y), (&(0..side), &(0..1024)));
            // Boxes may extend beyond the level.
            assert!(tile.accepts([-50.0, f64::NEG_INFINITY, 2000.0, f64::NAN]));
        }
    }

    #[test]
    fn tiles_are_similar_and_overlap() {
        assert_eq!(spans(1025).collect::<Vec<_>>(), [0..608, 480..1025]);
        assert_eq!(spans(2000).collect::<Vec<_>>(), [0..768, 640..1408, 1280..2000]);
        for side in (1025..20_000).chain([65_535, 3_000_000, 200_000_000]) {
            let mut end = OVERLAP;
            let mut scanned = 0.0;
            for span in spans(side) {
                assert_eq!((span.start, span.start % STRIDE), (end - OVERLAP, 0), "{side}");
                assert!((OVERLAP + 1..=MAX_SIDE).contains(&(span.end - span.start)), "{side}");
                end = span.end;
                scanned += f64::from(padded(span.end - span.start));
            }
            assert_eq!(end, side);
            let estimated = scanned_pixels((side, 32)) / 32.0;
            assert!((scanned - estimated).abs() < 0.5, "{side}");
        }
    }

    #[test]
    fn small_faces_are_complete_in_a_tile_and_cut_ones_do_not_count() {
        let tiles: Vec<_> = tiles((2000, 2000)).collect();
        assert_eq!(tiles.len(), 9);
        let longest = (f64::from(OVERLAP) / (1.0 + 2.0 * RELATIVE_EDGE)).floor();
        for left in 0..1900 {
            let left = f64::from(left);
            let face = [left, 700.0 - left / 3.0, left + longest, 700.0 + longest - left / 3.0];
            assert!(tiles.iter().any(|tile| tile.accepts(face)), "{face:?}");
        }
        // The left half of a face that the first tile's right edge cuts, with a box that ends at or before the edge.
        let [first, second] = [&tiles[0], &tiles[1]];
        for (side, end) in [(130.0, 767.0), (130.0, 757.0), (300.0, 731.0)] {
            let (half, whole) = ([700.0, 10.0, end, 10.0 + side], [700.0, 10.0, 830.0, 10.0 + side]);
            assert!(!first.accepts(half) && !first.accepts(whole) && second.accepts(whole));
        }
    }
}

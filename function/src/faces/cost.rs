//! The cost of detection in time and memory, from the options and the photo's size, and the limit of its time for public
//! requests.

use super::pyramid::{self, Size};
use super::tiles;
use crate::options::{DetectionOptions, DetectorOptions, EyeCascade, Preset};
use harness::photo::scaling::Scaling;

/// The pixels in which the preset `original` may detect for anyone who can reach the function's URL. Other options may
/// cost as much, in fewer or more pixels.
const PUBLIC_PIXELS: f64 = 20_000_000.0;
/// The costs per pixel of YuNet, and of OpenCV's own detector for cascades, relative to one level of the image pyramid
/// in the SDK's detector.
const YUNET_COST: f64 = 2.7;
const OPENCV_DETECTOR_COST: f64 = 15.0;
/// OpenCV's default, for eyes.
pub(super) const EYE_SCALE_FACTOR: f64 = 1.1;

/// Memory per pixel of the image that is scanned, in bytes: with cascades, the pixel and rows of its pyramid; with
/// YuNet, its colours and those of the smaller levels.
const BYTES_PER_CASCADE_PIXEL: f64 = 8.0;
const BYTES_PER_YUNET_PIXEL: f64 = 4.0;
/// Memory per pixel of YuNet's largest tile, in bytes: its colours and the network's maps, which are smaller than the
/// tile and have more channels.
const BYTES_PER_TILE_PIXEL: f64 = 20.0;
/// Memory per pixel of the pyramid that OpenCV's own detector keeps, in bytes: the pixel and its integral images.
const BYTES_PER_PYRAMID_PIXEL: f64 = 10.0;

/// The memory of detection in an image of this width and height, in bytes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of a positive number"
)]
pub fn working_bytes(detection: &DetectionOptions, image: Size) -> u64 {
    let pixels = f64::from(image.0) * f64::from(image.1);
    let bytes = match &detection.detector {
        DetectorOptions::YuNet(_) => {
            let tile_pixels = tiles::largest_tile_pixels(detection.finest_level(image));
            pixels * BYTES_PER_YUNET_PIXEL + tile_pixels * BYTES_PER_TILE_PIXEL
        }
        // It runs in OpenCV's own detector, and a face may be as large as the photo.
        DetectorOptions::Cascades(options) if options.eye_cascade == EyeCascade::EyeTreeEyeglasses => {
            pixels * (BYTES_PER_CASCADE_PIXEL + BYTES_PER_PYRAMID_PIXEL * pyramid_area(EYE_SCALE_FACTOR))
        }
        DetectorOptions::Cascades(_) => pixels * BYTES_PER_CASCADE_PIXEL,
    };
    bytes as u64
}

fn public_cost_limit() -> f64 {
    PUBLIC_PIXELS * Preset::Original.options().cost_per_pixel()
}

impl DetectionOptions {
    /// Reduces `longest_side` if detection in this photo would cost more than public requests may.
    #[must_use]
    pub fn with_bounded_cost(mut self, width: u32, height: u32) -> Self {
        let limit = public_cost_limit();
        loop {
            let cost = self.cost(width, height);
            if cost <= limit {
                return self;
            }
            // Again where it is not enough: the pixels of narrow images decrease less than the square of the side.
            let (width, height) = self.finest_level(Scaling::new((width, height), self.longest_side).image());
            self.longest_side = smaller_side(width.max(height), limit / cost);
        }
    }

    /// The cost of detection in a photo.
    fn cost(&self, width: u32, height: u32) -> f64 {
        self.scanned_pixels(width, height) * self.cost_per_pixel()
    }

    /// The pixels that are scanned in a photo: those of the image, from which cascades make their pyramid, or of all
    /// tiles of YuNet's.
    fn scanned_pixels(&self, width: u32, height: u32) -> f64 {
        let image = Scaling::new((width, height), self.longest_side).image();
        match &self.detector {
            DetectorOptions::Cascades(_) => f64::from(image.0) * f64::from(image.1),
            DetectorOptions::YuNet(_) => pyramid::levels(self.finest_level(image))
                .map(tiles::scanned_pixels)
                .sum(),
        }
    }

    /// The cost per pixel that is scanned. Eyes count as if the photo were full of faces.
    fn cost_per_pixel(&self) -> f64 {
        let DetectorOptions::Cascades(options) = &self.detector else {
            return YUNET_COST;
        };
        let eye_cost = match options.eye_cascade {
            EyeCascade::None => 0.0,
            EyeCascade::Eye => 1.0,
            EyeCascade::EyeTreeEyeglasses => OPENCV_DETECTOR_COST,
        };
        pyramid_area(options.scale_factor) + eye_cost * pyramid_area(EYE_SCALE_FACTOR)
    }
}

/// A side of which the square is `ratio` times as large; at least one pixel smaller.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "less than a positive side"
)]
fn smaller_side(side: u32, ratio: f64) -> u32 {
    ((f64::from(side) * ratio.sqrt()) as u32).clamp(1, side.saturating_sub(1).max(1))
}

/// The pixels of a pyramid, relative to its first image; each further image is smaller by `factor` in both directions.
fn pyramid_area(factor: f64) -> f64 {
    1.0 / (1.0 - factor.powi(-2))
}

#[cfg(test)]
mod tests {
    use harness::options::{COMMON_OPTION_SPECS, EnvironmentOptions, FunctionOptions, SetBy};

    use super::*;

    /// The options that public requests may set, with values up to the most expensive.
    const EXTREMES: [(&str, &[&str]); 11] = [
        ("preset", &["original", "fast", "balanced", "accurate"]),
        ("eye_cascade", &["none", "eye", "eye_tree_eyeglasses"]),
        ("scale_factor", &["1.05", "1.1", "2"]),
        ("longest_side", &["0", "64", "3200", "65535"]),
        // The options below change which faces count and what is written, not which pixels are scanned; the smallest
        // and largest face only exclude sizes.
        ("score", &["0.3"]),
        ("face_neighbours", &["1"]),
        ("eye_neighbours", &["1"]),
        ("min_face", &["0"]),
        ("max_face", &["0"]),
        ("jpeg_quality", &["100"]),
        ("oversized_jpeg", &["lower_quality"]),
    ];

    /// All combinations of these values, each without the options that its preset does not have.
    fn combinations() -> Vec<Vec<(String, String)>> {
        let mut all = vec![Vec::new()];
        for (name, values) in EXTREMES {
            let spec = DetectionOptions::SPECS.iter().find(|spec| spec.name == name);
            let extend = |combination: &Vec<(String, String)>| {
                let has_option = spec.is_none_or(|spec| {
                    let preset = DetectionOptions::PRESETS
                        .iter()
                        .find(|preset| preset.name == combination[0].1);
                    (spec.show)(&(preset.unwrap().options)()).is_some()
                });
                let with = |value: &&str| {
                    let option = (name.to_owned(), (*value).to_owned());
                    combination.iter().cloned().chain([option]).collect()
                };
                if has_option {
                    values.iter().map(with).collect::<Vec<Vec<_>>>()
                } else {
                    vec![combination.clone()]
                }
            };
            all = all.iter().flat_map(extend).collect();
        }
        all
    }

    #[test]
    fn public_options_cost_at_most_the_limit() {
        let own = DetectionOptions::SPECS.iter().map(|spec| (spec.name, spec.settable_by));
        let common = COMMON_OPTION_SPECS.iter().map(|spec| (spec.name, spec.settable_by));
        let all = own.chain(common).chain([("preset", SetBy::Anyone)]);
        let mut names: Vec<_> = all
            .filter(|(_, settable_by)| *settable_by == SetBy::Anyone)
            .map(|(name, _)| name)
            .collect();
        let mut tried: Vec<_> = EXTREMES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        tried.sort_unstable();
        assert_eq!(names, tried, "`EXTREMES` must list each public option");

        let limit = public_cost_limit();
        let settings = EnvironmentOptions::<DetectionOptions>::default();
        for named in combinations() {
            let options = settings
                .resolve(Preset::Balanced.options(), SetBy::Anyone, &named)
                .unwrap();
            for (width, height) in [
                (10_000, 10_000),
                (65_535, 1_500),
                (4000, 3000),
                (500, 375),
                (100_000_000, 1),
            ] {
                assert!(options.common.limits.work_bounded);
                let detection = options.own.clone().with_bounded_cost(width, height);
                let cost = detection.cost(width, height);
                assert!(cost <= limit, "{named:?}: {cost} of {limit}");
                assert!(detection.longest_side > 0 || detection == options.own);
            }
        }
    }

    #[test]
    fn presets_are_not_bounded_for_phone_photos() {
        for (preset, width, height) in [
            (Preset::Original, 5160, 3870),
            (Preset::Fast, 10_000, 10_000),
            (Preset::Balanced, 10_000, 10_000),
            (Preset::Accurate, 4032, 3024),
        ] {
            let options = EnvironmentOptions::default()
                .resolve(preset.options(), SetBy::Anyone, &[])
                .unwrap();
            let detection = options.own.clone().with_bounded_cost(width, height);
            assert_eq!(detection, options.own);
        }
        // It is not enlarged, and at most a little smaller than that.
        for (width, height, longest_side) in [(5000, 4000, 5000), (10_000, 10_000, 7000)] {
            let accurate = Preset::Accurate.options().with_bounded_cost(width, height);
            let image = Scaling::new((width, height), accurate.longest_side).image();
            assert_eq!(accurate.finest_level(image), image);
            assert!(image.0 >= longest_side, "{image:?}");
        }
        // Authenticated callers have no limit.
        let options = EnvironmentOptions::default()
            .resolve(Preset::Original.options(), SetBy::Caller, &[])
            .unwrap();
        assert!(!options.common.limits.work_bounded);
    }
}

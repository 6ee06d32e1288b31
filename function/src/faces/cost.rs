//! The cost of detection, from the options and the photo's size, and its limit for public requests.

use super::cascade::Cascade;
use crate::options::{Contrast, DetectionOptions, EyeCascade, FaceCascade, Preset};

/// The maximum cost of a request from anyone who can reach the function's URL, as a multiple of the default preset's
/// maximum.
const PUBLIC_COST_FACTOR: f64 = 4.0;
/// The cost per pixel of OpenCV's own detector, relative to the SDK's detector with a cascade of stumps.
const OPENCV_DETECTOR_COST: f64 = 15.0;
/// The cost per pixel of the SDK's detector with a cascade of two-node trees, relative to one of stumps.
const TREE_CASCADE_COST: f64 = 1.5;
const EYE_SCALE_FACTOR: f64 = 1.1;

fn public_cost_limit() -> f64 {
    let default = Preset::Balanced.options().detection;
    let side = f64::from(default.longest_side);
    PUBLIC_COST_FACTOR * side * side * default.cost_per_pixel()
}

impl DetectionOptions {
    /// Reduces `longest_side` if detection in this photo would cost more than public requests may.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most the photo's own side"
    )]
    #[must_use]
    pub fn with_bounded_cost(mut self, width: u32, height: u32) -> Self {
        let limit = public_cost_limit();
        let cost = self.cost(width, height);
        if cost > limit {
            let detection_side = self.detection_side(width, height) * (limit / cost).sqrt();
            self.longest_side = (detection_side as u32).max(1);
        }
        self
    }

    /// The cost of detection in a photo: the pixels that all cascades scan at all scales.
    fn cost(&self, width: u32, height: u32) -> f64 {
        let side = f64::from(width.max(height));
        let scale = self.detection_side(width, height) / side;
        f64::from(width) * f64::from(height) * scale * scale * self.cost_per_pixel()
    }

    /// The longest side of the image that is scanned, in pixels.
    pub(crate) fn detection_side(&self, width: u32, height: u32) -> f64 {
        let side = width.max(height);
        f64::from(match self.longest_side {
            0 => side,
            longest_side => side.min(longest_side),
        })
    }

    /// The cost per pixel of that image. Eyes count as if it were full of faces.
    fn cost_per_pixel(&self) -> f64 {
        let images = match self.contrast {
            Contrast::Plain | Contrast::Equalized | Contrast::Adaptive => 1.0,
            Contrast::Both => 2.0,
        };
        let single_cascade = self.face_cascades.len() == 1 && !self.side_faces && self.contrast != Contrast::Both;
        let faces = Cascade::for_faces(self).map(|cascade| {
            let factor = if single_cascade {
                self.scale_factor
            } else {
                cascade.scale_factor(self.scale_factor)
            };
            cascade_cost(cascade) * pyramid_area(factor)
        });
        let eyes = match self.eye_cascade {
            EyeCascade::None => 0.0,
            eyes => cascade_cost(Cascade::Eye(eyes)) * pyramid_area(EYE_SCALE_FACTOR),
        };
        images * faces.sum::<f64>() + eyes
    }
}

/// The pixels of a pyramid, relative to its first image; each further image is smaller by `factor` in both directions.
pub(crate) fn pyramid_area(factor: f64) -> f64 {
    1.0 / (1.0 - factor.powi(-2))
}

fn cascade_cost(cascade: Cascade) -> f64 {
    match cascade {
        // It runs twice, on the image and its mirror image.
        Cascade::Profile => 2.0,
        Cascade::Face(FaceCascade::FrontalfaceAlt2) => TREE_CASCADE_COST,
        Cascade::Eye(EyeCascade::EyeTreeEyeglasses) => OPENCV_DETECTOR_COST,
        Cascade::Face(FaceCascade::FrontalfaceDefault) | Cascade::Eye(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{EnvironmentOptions, OPTION_SPECS, SetBy};

    /// The options that public requests may set, with values up to the most expensive.
    const EXTREMES: [(&str, &[&str]); 12] = [
        ("preset", &["original", "balanced", "accurate"]),
        (
            "face_cascades",
            &[
                "frontalface_default",
                "frontalface_alt2",
                "frontalface_alt2,frontalface_default",
            ],
        ),
        ("eye_cascade", &["none", "eye", "eye_tree_eyeglasses"]),
        ("side_faces", &["false", "true"]),
        ("contrast", &["plain", "equalized", "both"]),
        ("scale_factor", &["1.05", "1.1", "2"]),
        ("longest_side", &["0", "64", "3200", "65535"]),
        // The options below change which windows count and what is written, not which pixels are scanned; the smallest
        // and largest face only exclude sizes.
        ("face_neighbours", &["1"]),
        ("eye_neighbours", &["1"]),
        ("min_face", &["0"]),
        ("max_face", &["0"]),
        ("jpeg_quality", &["100"]),
    ];

    fn combinations() -> Vec<Vec<(String, String)>> {
        let mut all = vec![Vec::new()];
        for (name, values) in EXTREMES {
            let longer = all.iter().flat_map(|named| {
                values.iter().map(move |value| {
                    let mut named: Vec<_> = named.clone();
                    named.push((name.to_owned(), (*value).to_owned()));
                    named
                })
            });
            all = longer.collect();
        }
        all
    }

    #[test]
    fn public_options_cost_at_most_a_multiple_of_the_default() {
        let public_options = OPTION_SPECS.iter().filter(|entry| entry.settable_by == SetBy::Anyone);
        let mut names: Vec<_> = public_options.map(|entry| entry.name).collect();
        let mut tried: Vec<_> = EXTREMES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        tried.sort_unstable();
        assert_eq!(names, tried, "`EXTREMES` must list each public option");

        let default = Preset::Balanced.options().detection;
        let most = PUBLIC_COST_FACTOR * default.cost(10_000, 10_000);
        let settings = EnvironmentOptions::default();
        for named in combinations() {
            let options = settings.resolve(Preset::Balanced, SetBy::Anyone, &named).unwrap();
            for (width, height) in [(10_000, 10_000), (65_535, 1_500), (4000, 3000), (500, 375)] {
                assert!(options.limits.work_bounded);
                let detection = options.detection.clone().with_bounded_cost(width, height);
                let cost = detection.cost(width, height);
                assert!(cost <= most * 1.001, "{named:?}: {cost} of {most}");
            }
        }
    }

    #[test]
    fn presets_are_not_bounded_for_phone_photos() {
        for (preset, width, height) in [
            (Preset::Original, 5200, 4000),
            (Preset::Balanced, 10_000, 10_000),
            (Preset::Accurate, 2600, 1950),
        ] {
            let options = EnvironmentOptions::default()
                .resolve(preset, SetBy::Anyone, &[])
                .unwrap();
            let detection = options.detection.clone().with_bounded_cost(width, height);
            assert_eq!(detection, options.detection);
        }
        // Authenticated callers have no limit.
        let options = EnvironmentOptions::default()
            .resolve(Preset::Original, SetBy::Caller, &[])
            .unwrap();
        assert!(!options.limits.work_bounded);
    }
}

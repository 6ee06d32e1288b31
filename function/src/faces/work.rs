//! How much work looking is, by the options and the photo's size; and the bound of it for strangers.

use super::cascade::Cascade;
use crate::options::{Contrast, Detection, EyeCascade, FaceCascade, Preset};

/// How many times as much work as the default preset has at most whoever reaches the function's URL may ask for.
const STRANGERS: f64 = 4.0;
/// The work of OpenCV's own code for a pixel, in that of the SDK's detector for a cascade of stumps.
const OWN_CODE: f64 = 15.0;
/// The work of that detector for a cascade of trees with two nodes.
const TREES: f64 = 1.5;
/// The factor by which eyes are looked for.
const EYES: f64 = 1.1;

fn of_strangers() -> f64 {
    let default = Preset::Balanced.options().detection;
    let side = f64::from(default.longest_side);
    STRANGERS * side * side * default.per_pixel()
}

impl Detection {
    /// The same on a smaller picture, if looking at this photo would be more work than strangers may ask for.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not more than the photo's own side"
    )]
    pub fn bounded(mut self, width: u32, height: u32) -> Self {
        let bound = of_strangers();
        let work = self.work(width, height);
        if work > bound {
            let longest = self.longest(width, height) * (bound / work).sqrt();
            self.longest_side = (longest as u32).max(1);
        }
        self
    }

    /// The work of looking at a photo: pixels that are looked at, by all cascades in all sizes.
    fn work(&self, width: u32, height: u32) -> f64 {
        let side = f64::from(width.max(height));
        let scale = self.longest(width, height) / side;
        f64::from(width) * f64::from(height) * scale * scale * self.per_pixel()
    }

    /// The longest side of the picture that is looked at.
    pub(crate) fn longest(&self, width: u32, height: u32) -> f64 {
        let side = width.max(height);
        f64::from(match self.longest_side {
            0 => side,
            longest => side.min(longest),
        })
    }

    /// The work for a pixel of that picture. Eyes count as if it were full of faces.
    fn per_pixel(&self) -> f64 {
        let pictures = match self.contrast {
            Contrast::Plain | Contrast::Equalized | Contrast::Adaptive => 1.0,
            Contrast::Both => 2.0,
        };
        let alone = self.face_cascades.len() == 1 && !self.side_faces && pictures == 1.0;
        let faces = Cascade::of(self).map(|cascade| {
            let factor = if alone {
                self.scale_factor
            } else {
                cascade.factor(self.scale_factor)
            };
            weight(cascade) * sizes(factor)
        });
        let eyes = match self.eye_cascade {
            EyeCascade::None => 0.0,
            eyes => weight(Cascade::Eye(eyes)) * sizes(EYES),
        };
        pictures * faces.sum::<f64>() + eyes
    }
}

/// One picture, one smaller by the factor in both directions, and so on.
pub(crate) fn sizes(factor: f64) -> f64 {
    1.0 / (1.0 - factor.powi(-2))
}

fn weight(cascade: Cascade) -> f64 {
    match cascade {
        // To both sides.
        Cascade::Profile => 2.0,
        Cascade::Face(FaceCascade::FrontalfaceAlt2) => TREES,
        Cascade::Eye(EyeCascade::EyeTreeEyeglasses) => OWN_CODE,
        Cascade::Face(FaceCascade::FrontalfaceDefault) | Cascade::Eye(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Settings, TABLE, Who};

    /// What strangers may set, and what is the most work.
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
        // What follows changes which windows count and what is written of them, and not what is looked at; the
        // smallest and largest face only leave sizes out.
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
    fn nothing_that_strangers_set_is_more_than_some_times_the_default_work() {
        let strangers = TABLE.iter().filter(|entry| entry.who == Who::Anyone);
        let mut names: Vec<_> = strangers.map(|entry| entry.name).collect();
        let mut tried: Vec<_> = EXTREMES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        tried.sort_unstable();
        assert_eq!(
            names, tried,
            "each option of strangers must be thought of here"
        );

        let default = Preset::Balanced.options().detection;
        let most = STRANGERS * default.work(10_000, 10_000);
        let settings = Settings::default();
        for named in combinations() {
            let options = settings
                .options(Preset::Balanced, Who::Anyone, &named)
                .unwrap();
            for (width, height) in [(10_000, 10_000), (65_535, 1_500), (4000, 3000), (500, 375)] {
                assert!(options.limits.bounded);
                let detection = options.detection.clone().bounded(width, height);
                let work = detection.work(width, height);
                assert!(work <= most * 1.001, "{named:?}: {work} of {most}");
            }
        }
    }

    #[test]
    fn presets_look_at_photos_of_phones_as_they_are_meant_to() {
        for (preset, width, height) in [
            (Preset::Original, 5200, 4000),
            (Preset::Balanced, 10_000, 10_000),
            (Preset::Accurate, 2600, 1950),
        ] {
            let options = Settings::default()
                .options(preset, Who::Anyone, &[])
                .unwrap();
            let detection = options.detection.clone().bounded(width, height);
            assert_eq!(detection, options.detection);
        }
        // Callers are not bound.
        let options = Settings::default()
            .options(Preset::Original, Who::Caller, &[])
            .unwrap();
        assert!(!options.limits.bounded);
    }
}

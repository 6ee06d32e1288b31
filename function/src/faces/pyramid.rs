//! The sizes of the image pyramid in which YuNet looks for faces, which finds those of 20 to 400 pixels per side.

use std::iter;

use crate::options::DetectionOptions;

/// Width and height, in pixels.
pub type Size = (u32, u32);

/// A level whose sides are at most this is the last: it has hardly a face that is too large to be found.
const COARSEST_SIDE: u32 = 512;

/// The sizes of all levels, each half the one before.
pub fn levels(finest: Size) -> impl Iterator<Item = Size> {
    iter::successors(Some(finest), |(width, height)| {
        (*width.max(height) > COARSEST_SIDE).then(|| (width.div_ceil(2), height.div_ceil(2)))
    })
}

impl DetectionOptions {
    /// The size of the finest level for an image that was scaled to `longest_side`: the image's, or if that fits into
    /// `longest_side`, a multiple of it.
    pub fn finest_level(&self, image: Size) -> Size {
        let enlarge = |side: u32| side.saturating_mul(self.preset.enlargement());
        let enlarged = (enlarge(image.0), enlarge(image.1));
        let fits = self.longest_side == 0 || enlarged.0.max(enlarged.1) <= self.longest_side;
        if fits { enlarged } else { image }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Preset;
    use harness::photo::scaling::Scaling;

    #[test]
    fn levels_halve_until_large_faces_are_small() {
        let levels = |finest| levels(finest).collect::<Vec<_>>();
        assert_eq!(levels((512, 480)), [(512, 480)]);
        assert_eq!(levels((480, 513)), [(480, 513), (240, 257)]);
        assert_eq!(levels((1024, 768)), [(1024, 768), (512, 384)]);
        assert_eq!(levels((1281, 1)), [(1281, 1), (641, 1), (321, 1)]);
        assert_eq!(levels((u32::MAX, u32::MAX)).len(), 24);
    }

    #[test]
    fn only_accurate_enlarges_photos_within_the_longest_side() {
        for (preset, longest_side, photo, finest) in [
            (Preset::Fast, 320, (500, 375), (320, 240)),
            (Preset::Balanced, 1000, (500, 375), (500, 375)),
            (Preset::Balanced, 0, (4000, 3000), (4000, 3000)),
            (Preset::Accurate, 0, (4000, 3000), (8000, 6000)),
            (Preset::Accurate, 1000, (500, 375), (1000, 750)),
            (Preset::Accurate, 999, (500, 375), (500, 375)),
            (Preset::Accurate, 400, (500, 375), (400, 300)),
        ] {
            let mut detection = preset.options();
            detection.longest_side = longest_side;
            let image = Scaling::new(photo, longest_side).image();
            assert_eq!(detection.finest_level(image), finest, "{preset} {longest_side}");
        }
    }
}

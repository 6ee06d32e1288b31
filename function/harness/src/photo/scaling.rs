//! The size of the decoded image, and the conversion of positions in it to those in the photo.

/// A rectangle in pixels of the upright photo: left, top, width, height.
pub type BoundingBox = [i32; 4];
/// A point in pixels of the upright photo: from the left, from the top.
pub type Point = [f64; 2];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// Width and height of the upright photo, in pixels.
    photo: (u32, u32),
    /// Width and height of the decoded image, in pixels.
    image: (u32, u32),
}

impl Scaling {
    /// `longest_side` is the maximum of the image, in pixels; 0 for the photo's own size.
    pub fn new(photo: (u32, u32), longest_side: u32) -> Self {
        let longest = photo.0.max(photo.1);
        let image = if longest_side == 0 || longest <= longest_side {
            photo
        } else {
            let factor = f64::from(longest_side) / f64::from(longest);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at most the photo's own side"
            )]
            let side = |side: u32| (f64::from(side) * factor).round().max(1.0) as u32;
            (side(photo.0), side(photo.1))
        };
        Self { photo, image }
    }

    pub fn photo(self) -> (u32, u32) {
        self.photo
    }

    pub fn image(self) -> (u32, u32) {
        self.image
    }

    /// The image's longest side relative to the photo's; at most 1.
    pub fn factor(self) -> f64 {
        let longest = |(width, height): (u32, u32)| f64::from(width.max(height));
        longest(self.image) / longest(self.photo)
    }

    /// The largest of 8, 4, 2 and 1 by which the photo can be divided without becoming smaller than the image.
    pub fn reduction(self) -> u32 {
        let fits = |reduction: &u32| {
            let enough = |photo: u32, image: u32| photo.div_ceil(*reduction) >= image;
            enough(self.photo.0, self.image.0) && enough(self.photo.1, self.image.1)
        };
        [8, 4, 2].into_iter().find(fits).unwrap_or(1)
    }

    pub fn to_photo(self, [x, y]: Point) -> Point {
        let ratio = |photo: u32, image: u32| f64::from(photo) / f64::from(image);
        [
            x * ratio(self.photo.0, self.image.0),
            y * ratio(self.photo.1, self.image.1),
        ]
    }

    /// The box with these left, top, right and bottom edges, in pixels of the photo, as far as it is in the photo.
    pub fn clip(self, [left, top, right, bottom]: [f64; 4]) -> Option<BoundingBox> {
        #[expect(clippy::cast_possible_truncation, reason = "a photo's sides fit")]
        let clipped = |edge: f64, most: u32| edge.round().clamp(0.0, f64::from(most)) as i32;
        let (width, height) = self.photo;
        let (left, top) = (clipped(left, width), clipped(top, height));
        let (right, bottom) = (clipped(right, width), clipped(bottom, height));
        (left < right && top < bottom).then_some([left, top, right - left, bottom - top])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_photos_are_scaled_down_to_the_longest_side() {
        for (photo, longest_side, image, reduction) in [
            ((500, 375), 640, (500, 375), 1),
            ((500, 375), 0, (500, 375), 1),
            ((500, 375), 320, (320, 240), 1),
            ((1545, 1986), 640, (498, 640), 2),
            ((4000, 3000), 640, (640, 480), 4),
            ((640, 65_000), 640, (6, 640), 8),
            ((1278, 3), 640, (640, 2), 1),
            ((65_535, 1), 64, (64, 1), 8),
        ] {
            let scaling = Scaling::new(photo, longest_side);
            assert_eq!((scaling.image(), scaling.reduction()), (image, reduction), "{photo:?}");
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the ratios are powers of two")]
    fn positions_are_converted_to_the_photo() {
        let scaling = Scaling::new((200, 100), 50);
        assert_eq!(scaling.to_photo([5.0, 5.5]), [20.0, 22.0]);
        assert_eq!(scaling.clip([20.4, 19.6, 59.6, 80.4]), Some([20, 20, 40, 60]));
        assert_eq!(scaling.clip([-3.0, 5.0, 300.0, 5.4]), None);
        assert_eq!(scaling.clip([-3.0, 5.0, 300.0, 6.0]), Some([0, 5, 200, 1]));
        assert_eq!(Scaling::new((300, 7), 0).to_photo([300.0, 7.0]), [300.0, 7.0]);
    }
}

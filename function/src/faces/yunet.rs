//! Detects faces and their landmarks with YuNet, the network behind `cv::FaceDetectorYN`, in an image pyramid.

use opencv::core::{Mat, Ptr, Rect, Size};
use opencv::objdetect::FaceDetectorYN;
use opencv::prelude::*;
use opencv::{Result, imgproc};

use super::prediction::{self, VALUES, Values};
use super::pyramid::levels;
use super::tiles::{Tile, tiles};
use super::{Face, merge, packed};
use crate::options::{DetectionOptions, YuNetOptions};
use harness::photo::PhotoError;
use harness::photo::pixels::{downscale, side};
use harness::photo::resource_limits::ResourceLimits;
use harness::photo::scaling::Scaling;

/// Keeps the memory for its largest tile: at most 8.2 MB, and 1.4 MB per thread.
pub struct YuNet(Ptr<FaceDetectorYN>);

impl YuNet {
    pub fn new() -> Result<Self> {
        packed::yunet().map(Self)
    }

    /// The faces in a photo, in any order, from its `image` for detection.
    ///
    /// # Errors
    /// The deadline has passed, or OpenCV failed.
    pub fn detect(
        &mut self,
        image: &Mat,
        scaling: Scaling,
        detection: &DetectionOptions,
        options: &YuNetOptions,
        limits: ResourceLimits,
    ) -> Result<Vec<Face>, PhotoError> {
        #[expect(clippy::cast_possible_truncation, reason = "rounded to single precision")]
        self.0.set_score_threshold(options.score as f32)?;
        let mut found = Vec::new();
        let mut tile_count = 0;
        let mut smaller = None;
        for level in levels(detection.finest_level(scaling.image())) {
            let (width, height) = (side(level.0), side(level.1));
            if width < image.cols() || height < image.rows() {
                let larger = smaller.as_ref().unwrap_or(image);
                smaller = Some(downscale(larger, Size::new(width, height))?);
            }
            let pixels = smaller.as_ref().unwrap_or(image);
            let to_photo = [
                f64::from(scaling.photo().0) / f64::from(level.0),
                f64::from(scaling.photo().1) / f64::from(level.1),
            ];
            for tile in tiles(level) {
                let faces = self.detect_in_tile(pixels, width / pixels.cols(), &tile)?;
                let faces = faces.into_iter().map(|values| prediction::scaled(values, to_photo));
                merge::add_faces(&mut found, faces);
                tile_count += 1;
            }
        }
        // The network has merged the faces of one tile itself.
        if tile_count > 1 {
            found = merge::suppress_overlapping(found, || limits.check_time())?;
        }
        let faces = found.into_iter().filter_map(|values| prediction::face(values, scaling));
        Ok(faces.filter(|face| is_in_range(face, detection)).collect())
    }

    /// The faces of a tile that count, in pixels of its level, which is `pixels` enlarged by `enlargement`.
    fn detect_in_tile(&mut self, pixels: &Mat, enlargement: i32, tile: &Tile) -> Result<Vec<Values>> {
        let [left, top, right, bottom] = [tile.x.start, tile.y.start, tile.x.end, tile.y.end].map(side);
        let size = Size::new(right - left, bottom - top);
        let [x, y, width, height] = [left, top, size.width, size.height].map(|length| length / enlargement);
        let part = Mat::roi(pixels, Rect::new(x, y, width, height))?;
        let mut rows = Mat::default();
        self.0.set_input_size(size)?;
        if enlargement == 1 {
            self.0.detect(&part, &mut rows)?;
        } else {
            let mut enlarged = Mat::default();
            imgproc::resize(&part, &mut enlarged, size, 0.0, 0.0, imgproc::INTER_LINEAR)?;
            self.0.detect(&enlarged, &mut rows)?;
        }
        let mut found = Vec::new();
        for row in 0..rows.rows() {
            if let Some(values) = rows.at_row::<f32>(row)?.first_chunk::<VALUES>() {
                let values = prediction::moved(values.map(f64::from), [left, top].map(f64::from));
                found.extend(tile.accepts(prediction::edges(values)).then_some(values));
            }
        }
        Ok(found)
    }
}

/// Whether the longest side of the face's box is one of those that `detection` asks for.
fn is_in_range(face: &Face, detection: &DetectionOptions) -> bool {
    let [_, _, width, height] = face.rectangle;
    let longest = width.max(height).unsigned_abs();
    longest >= detection.min_face && (detection.max_face == 0 || longest <= detection.max_face)
}

#[cfg(test)]
mod tests;

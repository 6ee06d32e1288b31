//! Makes small versions of photos in several sizes and formats, as an AWS Lambda function.

use harness::{Answer, Photo, PhotoError, PhotoFunction, Picture, PictureFormat, RuntimeError};
use opencv::core::{Mat, Size};
use opencv::imgproc::{INTER_AREA, resize};
use serde::Serialize;

use crate::options::{FORMATS, Options};

mod options;
#[cfg(test)]
mod tests;

fn main() -> Result<(), RuntimeError> {
    harness::run(|_| Ok(ThumbnailFunction))
}

#[derive(Clone, Debug, Serialize)]
struct Thumbnails {
    thumbnails: Vec<Thumbnail>,
}

#[derive(Clone, Debug, Serialize)]
struct Thumbnail {
    /// The longest side that is wanted; the photo's own may be smaller.
    size: u32,
    width: i32,
    height: i32,
}

impl Answer for Thumbnails {
    const COUNTED: &'static [&'static str] = &["thumbnail"];

    fn counts(&self) -> Vec<usize> {
        vec![self.thumbnails.len()]
    }
}

struct ThumbnailFunction;

impl PhotoFunction for ThumbnailFunction {
    type Options = Options;
    type Answer = Thumbnails;

    const PICTURE_FORMATS: &'static [PictureFormat] = &[PictureFormat::JPEG, PictureFormat::PNG, PictureFormat::WEBP];

    fn process(&mut self, photo: &Photo, options: &Options) -> Result<Thumbnails, PhotoError> {
        let (width, height) = photo.size();
        let thumbnail = |&size: &u32| {
            let factor = f64::from(size) / f64::from(width.max(height));
            let [width, height] = [width, height].map(|side| f64::from(side) * factor.min(1.0));
            let [width, height] = [width, height].map(|side| side.round().max(1.0) as i32);
            Thumbnail { size, width, height }
        };
        Ok(Thumbnails {
            thumbnails: options.sizes.iter().map(thumbnail).collect(),
        })
    }

    fn pictures(&mut self, photo: Photo, answer: &Thumbnails, options: &Options) -> Result<Vec<Picture>, PhotoError> {
        let mut pictures = Vec::new();
        for thumbnail in &answer.thumbnails {
            photo.check_time()?;
            let mut small = Mat::default();
            let size = Size::new(thumbnail.width, thumbnail.height);
            resize(photo.image(), &mut small, size, 0.0, 0.0, INTER_AREA)?;
            for (_, format) in FORMATS.iter().filter(|(name, _)| options.formats.contains(name)) {
                let picture = Picture::new(thumbnail.size.to_string(), small.clone());
                pictures.push(picture.with_format(*format));
            }
        }
        Ok(pictures)
    }
}

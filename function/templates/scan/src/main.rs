//! Scans documents, as an AWS Lambda function: finds the page in a photo, warps it flat, and makes it black and white.

use harness::options::FunctionOptions;
use harness::{Answer, Channels, Decoding, Photo, PhotoError, PhotoFunction, Picture, PictureFormat, RuntimeError};
use serde::Serialize;

use crate::page::Page;

mod page;
#[cfg(test)]
mod tests;

fn main() -> Result<(), RuntimeError> {
    harness::run(|_| Ok(ScanFunction))
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Options {}

impl FunctionOptions for Options {
    const ENVIRONMENT_PREFIX: &'static str = "SCAN_";
    const OUTPUT_KEY: &'static str = "{key}_scan.{extension}";

    /// For finding the page.
    fn decoding(&self) -> Decoding {
        Decoding {
            longest_side: 800,
            channels: Channels::Grey,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct Scan {
    /// `None` if no page was found; the scan is the whole photo then.
    page: Option<Page>,
}

impl Answer for Scan {}

struct ScanFunction;

impl PhotoFunction for ScanFunction {
    type Options = Options;
    type Answer = Scan;

    const PICTURE_FORMATS: &'static [PictureFormat] = &[PictureFormat::JPEG, PictureFormat::PNG];

    fn process(&mut self, photo: &Photo, _: &Options) -> Result<Scan, PhotoError> {
        let page = page::find(photo)?;
        Ok(Scan { page })
    }

    fn pictures(&mut self, photo: Photo, scan: &Scan, _: &Options) -> Result<Vec<Picture>, PhotoError> {
        let mut image = photo.into_canvas()?;
        if let Some(page) = &scan.page {
            image = page::flatten(&image, page)?;
        }
        Ok(vec![Picture::new("scan", page::black_and_white(&image)?)])
    }
}

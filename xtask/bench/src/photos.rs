//! The photos of benches: the samples, the user's photos, one of 500x375 pixels and one of 1986x1545. Generated photos
//! are made from the samples, and are the same on every machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use image::RgbImage;
use image::imageops::{FilterType, crop_imm, replace, resize};
use jpeg_encoder::{ColorType, Encoder};
use support::atomic;
use support::files::{file_name, files_with_extension};

use super::context::BenchContext;

/// A common size in sets of photos.
pub const SMALL: (u32, u32) = (500, 375);
pub const LARGE: (u32, u32) = (1986, 1545);
/// The enlargement of samples in the large photo.
const SCALE: u32 = 2;
const SAMPLE_COUNT: usize = 2;
const QUICK_PHOTOS: usize = 4;
const QUALITY: u8 = 95;

#[derive(Clone, Debug)]
pub struct Photo {
    pub name: String,
    pub path: PathBuf,
    pub size: (u32, u32),
}

pub struct Photos {
    /// The samples, and the user's photos sorted by name.
    pub all: Vec<Photo>,
    /// The first photo of 500x375 pixels; a sample cropped to that size if there is none.
    pub small: Photo,
    /// A mosaic of the samples.
    pub large: Photo,
    pub notes: Vec<String>,
}

impl Photo {
    fn read(path: &Path) -> Result<Self> {
        let size =
            image::image_dimensions(path).with_context(|| format!("failed to read the photo `{}`", path.display()))?;
        Ok(Self {
            name: file_name(path),
            path: path.to_owned(),
            size,
        })
    }

    pub fn title(&self) -> String {
        let (width, height) = self.size;
        format!("{} {width}x{height}", self.name)
    }
}

impl Photos {
    pub fn collect(context: &BenchContext) -> Result<Self> {
        let samples = context.sdk.path().join("share/samples");
        let samples: [_; SAMPLE_COUNT] = [
            Photo::read(context.function.package.sample_photo()?)?,
            Photo::read(&samples.join("messi5.jpg"))?,
        ];
        let mut notes = Vec::new();
        let mut all = samples.to_vec();
        match photos_dir(context)? {
            Some(folder) => all.extend(photos_in(&folder)?),
            None => notes.push(
                "only the samples were used: shared/photos next to the project does not exist, and --photos was not \
                 given"
                    .to_owned(),
            ),
        }
        all.truncate(context.repetitions((usize::MAX, QUICK_PHOTOS)));
        let made = context.results_dir().join("photos");
        fs::create_dir_all(&made)?;
        let small = match all.iter().find(|photo| photo.size == SMALL) {
            Some(small) => small.clone(),
            None => write(&made.join("portrait-500x375.jpg"), &crop(&samples[0])?)?,
        };
        let large = write(&made.join("mosaic-1986x1545.jpg"), &mosaic(&samples)?)?;
        notes.push(format!(
            "{} was made from the samples at {SCALE} times their size, side by side",
            large.title()
        ));
        Ok(Self {
            all,
            small,
            large,
            notes,
        })
    }

    /// The photos that are not samples, if there are any; otherwise the samples.
    pub fn user_photos(&self) -> &[Photo] {
        match self.all.get(SAMPLE_COUNT..) {
            Some(photos) if !photos.is_empty() => photos,
            _ => &self.all,
        }
    }
}

/// The folder of `--photos`, which must exist, otherwise `shared/photos` next to the project if it exists.
fn photos_dir(context: &BenchContext) -> Result<Option<PathBuf>> {
    if let Some(folder) = &context.options.photos {
        ensure!(folder.is_dir(), "`{}` is not a folder", folder.display());
        return Ok(Some(folder.clone()));
    }
    let beside = context.build.workspace.root().join("../shared/photos");
    Ok(beside.is_dir().then_some(beside))
}

fn photos_in(folder: &Path) -> Result<Vec<Photo>> {
    let paths = files_with_extension(folder, "jpg")?;
    let shown = folder.display();
    ensure!(!paths.is_empty(), "`{shown}` contains no photos (*.jpg)");
    paths.iter().map(|path| Photo::read(path)).collect()
}

fn decode(photo: &Photo) -> Result<RgbImage> {
    let failed = || format!("failed to read `{}`", photo.path.display());
    let opened = image::open(&photo.path).with_context(failed)?;
    Ok(opened.to_rgb8())
}

fn crop(photo: &Photo) -> Result<RgbImage> {
    let (width, height) = SMALL;
    let pixels = decode(photo)?;
    let left = pixels.width().saturating_sub(width) / 2;
    let top = pixels.height().saturating_sub(height) / 2;
    Ok(crop_imm(&pixels, left, top, width, height).to_image())
}

/// Fills the large photo with enlarged samples, row by row; each row is as high as its highest sample, and samples are
/// cut at the edges.
fn mosaic(samples: &[Photo]) -> Result<RgbImage> {
    let enlarge = |photo: &Photo| -> Result<RgbImage> {
        let pixels = decode(photo)?;
        let (width, height) = (pixels.width() * SCALE, pixels.height() * SCALE);
        Ok(resize(&pixels, width, height, FilterType::CatmullRom))
    };
    let samples: Vec<_> = samples.iter().map(enlarge).collect::<Result<_>>()?;
    let (width, height) = LARGE;
    let mut mosaic = RgbImage::new(width, height);
    let mut next = samples.iter().cycle();
    let (mut left, mut top, mut row) = (0, 0, 0);
    while top < height {
        let Some(sample) = next.next() else { break };
        replace(&mut mosaic, sample, left.into(), top.into());
        row = row.max(sample.height());
        left += sample.width();
        if left >= width {
            (left, top, row) = (0, top + row, 0);
        }
    }
    Ok(mosaic)
}

fn write(path: &Path, pixels: &RgbImage) -> Result<Photo> {
    let (width, height) = pixels.dimensions();
    let (width, height): (u16, u16) = (width.try_into()?, height.try_into()?);
    let mut encoded = Vec::new();
    Encoder::new(&mut encoded, QUALITY).encode(pixels, width, height, ColorType::Rgb)?;
    atomic::write(path, &encoded)?;
    Photo::read(path)
}

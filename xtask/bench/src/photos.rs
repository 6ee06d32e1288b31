//! What benches look at: OpenCV's samples, photos of the user's, one of 500x375 pixels and one of 1986x1545.
//! What must be made is made from the samples, the same on every machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use image::RgbImage;
use image::imageops::{FilterType, crop_imm, replace, resize};
use jpeg_encoder::{ColorType, Encoder};
use support::files::{file_name, files_with_extension};

use super::context::BenchContext;
/// The size of what is called small here, which many sets of photos have.
pub const SMALL: (u32, u32) = (500, 375);
pub const LARGE: (u32, u32) = (1986, 1545);
/// How many times larger than they are samples lie in the large photo.
const SCALE: u32 = 2;
/// So many photos are enough to see that all works.
const QUICK_PHOTOS: usize = 4;
const QUALITY: u8 = 95;

#[derive(Clone, Debug)]
pub struct Photo {
    pub name: String,
    pub path: PathBuf,
    pub size: (u32, u32),
}

pub struct Photos {
    /// Those that people took, in the order of their names.
    pub all: Vec<Photo>,
    /// One of them of 500x375 pixels, or else one that was cut to that.
    pub small: Photo,
    /// One that was put together from the samples.
    pub large: Photo,
    pub notes: Vec<String>,
}

impl Photo {
    fn read(path: &Path) -> Result<Self> {
        let size = image::image_dimensions(path)
            .with_context(|| format!("failed to read the photo `{}`", path.display()))?;
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
        let sample = |name: &str| Photo::read(&samples.join(name));
        let samples = [sample("lena.jpg")?, sample("messi5.jpg")?];
        let mut notes = Vec::new();
        let mut all = samples.to_vec();
        match photos_dir(context)? {
            Some(folder) => all.extend(photos_in(&folder)?),
            None => notes.push(
                "only OpenCV's samples were looked at: there is no folder shared/photos beside the project, \
                 and --photos names none"
                    .to_owned(),
            ),
        }
        all.truncate(context.repetitions((usize::MAX, QUICK_PHOTOS)));
        let made = context.results_dir().join("photos");
        fs::create_dir_all(&made)?;
        let small = match all.iter().find(|photo| photo.size == SMALL) {
            Some(small) => small.clone(),
            None => write(&made.join("lena-500x375.jpg"), &crop(&samples[0])?)?,
        };
        let large = write(&made.join("mosaic-1986x1545.jpg"), &mosaic(&samples)?)?;
        notes.push(format!(
            "{} was made from OpenCV's samples at {SCALE} times their size, side by side",
            large.title()
        ));
        Ok(Self {
            all,
            small,
            large,
            notes,
        })
    }
}

/// The folder that was named, which must be there, or the one beside the project, if it is.
fn photos_dir(context: &BenchContext) -> Result<Option<PathBuf>> {
    if let Some(folder) = &context.options.photos {
        ensure!(folder.is_dir(), "there is no folder `{}`", folder.display());
        return Ok(Some(folder.clone()));
    }
    let beside = context.build.workspace.root().join("../shared/photos");
    Ok(beside.is_dir().then_some(beside))
}

fn photos_in(folder: &Path) -> Result<Vec<Photo>> {
    let paths = files_with_extension(folder, "jpg")?;
    let shown = folder.display();
    ensure!(!paths.is_empty(), "`{shown}` has no photos, *.jpg");
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

/// Samples in turn, row by row, each row as high as its first; what does not fit is cut off.
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
    fs::write(path, encoded)?;
    Photo::read(path)
}

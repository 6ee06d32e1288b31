//! Generates files of every kind with the same image, and files that are invalid in every way.

use std::io::Cursor;

use anyhow::{Context, Result};
use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder};

/// The limit that `fat.jpg` exceeds.
pub const MAX_BYTES: usize = 3_000_000;
/// The limit that `large.png` exceeds.
pub const MAX_PIXELS: u64 = 80_000_000;

/// A name and a file's content. The function must not rely on names, some of which have a wrong extension.
pub type NamedFile = (String, Vec<u8>);

/// Valid files, all of the same image.
pub fn valid_files(picture: &RgbImage) -> Result<Vec<NamedFile>> {
    let picture = DynamicImage::ImageRgb8(picture.clone());
    let baseline = jpeg(&picture, |_| Ok(()))?;
    let mut files = vec![
        ("plain.png", encode(&picture, ImageFormat::Png)?),
        ("alpha.png", encode(&picture.to_rgba8().into(), ImageFormat::Png)?),
        ("16 bit.png", encode(&picture.to_rgb16().into(), ImageFormat::Png)?),
        (
            "16 bit alpha.png",
            encode(&picture.to_rgba16().into(), ImageFormat::Png)?,
        ),
        ("grey.png", encode(&picture.to_luma8().into(), ImageFormat::Png)?),
        (
            "16 bit grey.png",
            encode(&picture.to_luma16().into(), ImageFormat::Png)?,
        ),
        ("palette.png", palette_png(&picture)?),
        (
            "grey alpha.png",
            encode(&picture.to_luma_alpha8().into(), ImageFormat::Png)?,
        ),
        ("lossless.webp", encode(&picture, ImageFormat::WebP)?),
        ("a png.jpg", encode(&picture, ImageFormat::Png)?),
        ("a webp.png", encode(&picture, ImageFormat::WebP)?),
        ("baseline.jpg", baseline.clone()),
        (
            "progressive.jpg",
            jpeg(&picture, |encoder| {
                encoder.set_progressive(true);
                Ok(())
            })?,
        ),
        (
            "restarts.jpg",
            jpeg(&picture, |encoder| {
                encoder.set_restart_interval(8);
                Ok(())
            })?,
        ),
        ("grey.jpg", grey_jpeg(&picture)?),
        ("cmyk.jpg", cmyk_jpeg(&picture, ColorType::Cmyk)?),
        ("ycck.jpg", cmyk_jpeg(&picture, ColorType::CmykAsYcck)?),
    ];
    // Cameras write previews and depth maps after the photo.
    let more = [baseline.as_slice(), &[0; 1000]].concat();
    files.push(("trailing data.jpg", more));
    let mut files: Vec<NamedFile> = files.into_iter().map(|(name, file)| (name.to_owned(), file)).collect();
    for orientation in 1..=8 {
        files.push((
            format!("orientation {orientation}.jpg"),
            with_orientation(&picture, orientation)?,
        ));
    }
    Ok(files)
}

/// Invalid files, each with its type of error.
pub fn invalid_files(good: &[NamedFile]) -> Result<Vec<(NamedFile, &'static str)>> {
    let file = |name: &str| {
        let found = good.iter().find(|(known, _)| known == name);
        found.map(|(_, file)| file.clone()).context("a file is missing")
    };
    let cut = |name: &str, part: usize| -> Result<Vec<u8>> {
        let mut file = file(name)?;
        file.truncate(file.len() * part / 100);
        Ok(file)
    };
    let mut damaged = file("plain.png")?;
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0);
    let mut fat = file("baseline.jpg")?;
    fat.resize(MAX_BYTES + 1, 0);
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\0".to_vec();
    let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec();
    let files = [
        ("empty.jpg", Vec::new(), "NotAnImage"),
        ("text.jpg", b"not an image".to_vec(), "NotAnImage"),
        (
            "random.jpg",
            (0..5000_u32)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect(),
            "NotAnImage",
        ),
        ("one pixel.gif", gif, "UnsupportedImage"),
        ("phone.heic", heic, "UnsupportedImage"),
        ("half.jpg", cut("baseline.jpg", 50)?, "PhotoTruncated"),
        ("most.jpg", cut("progressive.jpg", 99)?, "PhotoTruncated"),
        ("head.jpg", cut("orientation 6.jpg", 1)?, "PhotoTruncated"),
        ("half.png", cut("plain.png", 50)?, "PhotoTruncated"),
        ("half.webp", cut("lossless.webp", 50)?, "PhotoTruncated"),
        ("damaged.png", damaged, "PhotoDamaged"),
        ("no pixels.png", png_header(0, 10), "NoPixels"),
        ("endless.png", png_header(60_000, 60_000), "TooManyPixels"),
        ("large.png", png_header(9_000, 9_000), "TooManyPixels"),
        ("memory.png", png_header(8_900, 8_900), "NotEnoughMemory"),
        ("fat.jpg", fat, "PhotoTooLarge"),
    ];
    Ok(files.map(|(name, file, error)| ((name.to_owned(), file), error)).into())
}

/// A PNG file without IDAT.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file.extend(b"\x08\x02\0\0\0\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82");
    file
}

pub fn encode(picture: &DynamicImage, format: ImageFormat) -> Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format)?;
    Ok(file.into_inner())
}

/// A JPEG file; `set` changes the encoder's settings.
pub fn jpeg(picture: &DynamicImage, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<()>) -> Result<Vec<u8>> {
    let picture = picture.to_rgb8();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 95);
    set(&mut encoder)?;
    let (width, height) = dimensions_u16(picture.dimensions())?;
    encoder.encode(&picture, width, height, ColorType::Rgb)?;
    Ok(file)
}

fn grey_jpeg(picture: &DynamicImage) -> Result<Vec<u8>> {
    let picture = picture.to_luma8();
    let mut file = Vec::new();
    let (width, height) = dimensions_u16(picture.dimensions())?;
    Encoder::new(&mut file, 95).encode(&picture, width, height, ColorType::Luma)?;
    Ok(file)
}

/// A file with a palette of 256 greys.
fn palette_png(picture: &DynamicImage) -> Result<Vec<u8>> {
    let picture = picture.to_luma8();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette((0..=255).flat_map(|grey| [grey; 3]).collect::<Vec<u8>>());
    encoder.write_header()?.write_image_data(&picture)?;
    Ok(file)
}

/// A file in CMYK without black; `kind` selects CMYK or YCCK.
fn cmyk_jpeg(picture: &DynamicImage, kind: ColorType) -> Result<Vec<u8>> {
    let picture = picture.to_rgb8();
    let inks = picture.pixels().flat_map(|pixel| {
        let [red, green, blue] = pixel.0;
        [255 - red, 255 - green, 255 - blue, 0]
    });
    let inks: Vec<u8> = inks.collect();
    let mut file = Vec::new();
    let (width, height) = dimensions_u16(picture.dimensions())?;
    Encoder::new(&mut file, 95).encode(&inks, width, height, kind)?;
    Ok(file)
}

/// The image as it is stored with that EXIF orientation.
pub fn rotated_by_orientation(picture: &DynamicImage, orientation: u8) -> Result<DynamicImage> {
    // All are their own inverses except for the rotations by 90°.
    let opposite = match orientation {
        6 => 8,
        8 => 6,
        other => other,
    };
    let opposite = Orientation::from_exif(opposite).context("there are eight orientations")?;
    let mut stored = picture.clone();
    stored.apply_orientation(opposite);
    Ok(stored)
}

/// A JPEG file stored with that EXIF orientation.
fn with_orientation(picture: &DynamicImage, orientation: u8) -> Result<Vec<u8>> {
    // One entry: tag 0x0112, type SHORT, count 1. Source: CIPA DC-008, 4.6.
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    jpeg(&rotated_by_orientation(picture, orientation)?, |encoder| {
        Ok(encoder.add_exif_metadata(&exif)?)
    })
}

fn dimensions_u16((width, height): (u32, u32)) -> Result<(u16, u16)> {
    Ok((width.try_into()?, height.try_into()?))
}

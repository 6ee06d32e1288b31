//! The kinds of files that take the most memory for their number of pixels.

use anyhow::{Context, Result};

use crate::crafted_files::{jpeg, png, webp};
use crate::hostile_files::mosaic;
use crate::photo_variants::jpeg as photo_jpeg;

pub struct FileKind {
    pub name: &'static str,
    /// Whether to send it in a direct event as well, for which detection uses the full resolution.
    pub direct: bool,
    /// Creates a file with this number of thousands of pixels; the second argument is the file of a photo.
    pub create: fn(u32, &[u8]) -> Result<Vec<u8>>,
}

pub const KINDS: &[FileKind] = &[
    FileKind {
        name: "JPEG, baseline",
        direct: true,
        create: |size, _| Ok(jpeg::baseline(dimensions_u16(size)?, 3)),
    },
    FileKind {
        name: "JPEG, progressive",
        direct: false,
        create: |size, _| Ok(jpeg::progressive(dimensions_u16(size)?, 3, 9)),
    },
    FileKind {
        name: "JPEG, progressive, CMYK",
        direct: false,
        create: |size, _| Ok(jpeg::progressive(dimensions_u16(size)?, 4, 12)),
    },
    FileKind {
        name: "JPEG, noise",
        direct: true,
        create: |size, photo| noise(dimensions_u16(size)?, photo),
    },
    FileKind {
        name: "PNG, 8 bits",
        direct: true,
        create: |size, _| png::blank(dimensions(size), png::Pixels::Colour, 8, false),
    },
    FileKind {
        name: "PNG, 16 bits, alpha, interlaced",
        direct: false,
        create: |size, _| png::blank(dimensions(size), png::Pixels::ColourAlpha, 16, true),
    },
    FileKind {
        name: "PNG, 1 bit",
        direct: false,
        create: |size, _| png::blank(dimensions(size), png::Pixels::Grey, 1, false),
    },
    FileKind {
        name: "PNG, 40 pixels high",
        direct: false,
        create: |size, _| png::blank((size * 25, 40), png::Pixels::Colour, 8, false),
    },
    FileKind {
        name: "WebP, lossless",
        direct: false,
        create: |size, _| {
            let (width, height) = dimensions(size);
            Ok(webp::blank(width, height))
        },
    },
    FileKind {
        name: "PNG, full of faces",
        direct: true,
        create: faces,
    },
];

/// Width and height, 4:3, of an image with `size` thousand pixels.
fn dimensions(size: u32) -> (u32, u32) {
    let pixels = f64::from(size) * 1000.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "images have at most some ten thousand pixels a side"
    )]
    let side = |ratio: f64| (pixels * ratio).sqrt() as u32;
    (side(4.0 / 3.0), side(3.0 / 4.0))
}

fn dimensions_u16(size: u32) -> Result<(u16, u16)> {
    let (width, height) = dimensions(size);
    Ok((width.try_into()?, height.try_into()?))
}

/// A JPEG file of random data: its annotated photo is much larger.
fn noise((width, height): (u16, u16), photo: &[u8]) -> Result<Vec<u8>> {
    // Enough for an image of that many pixels, within Lambda's limit.
    const MAX_NOISE_BYTES: usize = 4_400_000;
    let photo = image::load_from_memory(photo)?;
    let mut file = photo_jpeg(&photo.crop_imm(0, 0, 64, 64), |_| Ok(()))?;
    let place = |marker: u8| file.windows(2).position(|two| two == [0xff, marker]);
    let frame = place(0xc0).context("the photo has no frame")?;
    let scan = place(0xda).context("the photo has no scan")?;
    let length = usize::from(u16::from_be_bytes([file[scan + 2], file[scan + 3]]));
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file.truncate(scan + 2 + length);
    let mut random = fastrand::Rng::with_seed(u64::from(width));
    let bytes = MAX_NOISE_BYTES.min(usize::from(width) * usize::from(height) / 3);
    file.extend((0..bytes).map(|_| random.u8(..0xff)));
    file.extend([0xff, 0xd9]);
    Ok(file)
}

fn faces(size: u32, photo: &[u8]) -> Result<Vec<u8>> {
    let photo = image::load_from_memory(photo)?.to_rgb8();
    // Larger files are slow to encode, and for most events detection scales them down.
    mosaic(&photo, 40, dimensions(size.min(3000)))
}

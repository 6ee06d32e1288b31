//! The kinds of files that take most memory for their pixels, at any size.

use anyhow::{Context, Result};

use crate::craft::{jpeg, png, webp};
use crate::hostile::mosaic;
use crate::variants::jpeg as photo_jpeg;

/// A kind of files.
pub struct Kind {
    /// What it is.
    pub name: &'static str,
    /// Whether it is also tried by a direct event, which looks at all pixels.
    pub direct: bool,
    /// A file of so many thousand pixels; it may use a photo.
    pub make: fn(u32, &[u8]) -> Result<Vec<u8>>,
}

/// All kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "JPEG, baseline",
        direct: true,
        make: |size, _| Ok(jpeg::baseline(sides(size)?, 3)),
    },
    Kind {
        name: "JPEG, progressive",
        direct: false,
        make: |size, _| Ok(jpeg::scans(sides(size)?, 3, 9)),
    },
    Kind {
        name: "JPEG, progressive, four inks",
        direct: false,
        make: |size, _| Ok(jpeg::scans(sides(size)?, 4, 12)),
    },
    Kind {
        name: "JPEG, noise",
        direct: true,
        make: |size, photo| noise(sides(size)?, photo),
    },
    Kind {
        name: "PNG, 8 bits",
        direct: true,
        make: |size, _| png::blank(area(size), png::Pixels::Colour, 8, false),
    },
    Kind {
        name: "PNG, 16 bits, alpha, interlaced",
        direct: false,
        make: |size, _| png::blank(area(size), png::Pixels::ColourAlpha, 16, true),
    },
    Kind {
        name: "PNG, 1 bit",
        direct: false,
        make: |size, _| png::blank(area(size), png::Pixels::Grey, 1, false),
    },
    Kind {
        name: "PNG, 40 pixels high",
        direct: false,
        make: |size, _| png::blank((size * 25, 40), png::Pixels::Colour, 8, false),
    },
    Kind {
        name: "WebP, lossless",
        direct: false,
        make: |size, _| {
            let (width, height) = area(size);
            Ok(webp::blank(width, height))
        },
    },
    Kind {
        name: "PNG, full of faces",
        direct: true,
        make: faces,
    },
];

/// Sides of a picture of so many thousand pixels, four to three.
fn area(size: u32) -> (u32, u32) {
    let pixels = f64::from(size) * 1000.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "pictures have some ten thousand pixels a side"
    )]
    let side = |ratio: f64| (pixels * ratio).sqrt() as u32;
    (side(4.0 / 3.0), side(3.0 / 4.0))
}

fn sides(size: u32) -> Result<(u16, u16)> {
    let (width, height) = area(size);
    Ok((width.try_into()?, height.try_into()?))
}

/// A photo's file with other dimensions and random data: what comes back annotated is larger by far.
fn noise((width, height): (u16, u16), photo: &[u8]) -> Result<Vec<u8>> {
    // Enough for a picture of that many pixels, as far as Lambda takes it.
    const LARGEST: usize = 4_400_000;
    let photo = image::load_from_memory(photo)?;
    let mut file = photo_jpeg(&photo.crop_imm(0, 0, 64, 64), |_| Ok(()))?;
    let place = |marker: u8| file.windows(2).position(|two| two == [0xff, marker]);
    let frame = place(0xc0).context("a photo without a frame")?;
    let scan = place(0xda).context("a photo without a scan")?;
    let length = usize::from(u16::from_be_bytes([file[scan + 2], file[scan + 3]]));
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file.truncate(scan + 2 + length);
    let mut random = fastrand::Rng::with_seed(u64::from(width));
    let bytes = LARGEST.min(usize::from(width) * usize::from(height) / 3);
    file.extend((0..bytes).map(|_| random.u8(..0xff)));
    file.extend([0xff, 0xd9]);
    Ok(file)
}

/// One face, again and again.
fn faces(size: u32, photo: &[u8]) -> Result<Vec<u8>> {
    let photo = image::load_from_memory(photo)?.to_rgb8();
    // Encoding more takes the test long, and detection does not look at more.
    mosaic(&photo, 40, area(size.min(3000)))
}

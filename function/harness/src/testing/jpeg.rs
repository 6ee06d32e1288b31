//! JPEG files of all variants for tests, encoded by libjpeg-turbo.

use std::ffi::c_int;

/// Must match `jpeg.c`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    pub channels: c_int,
    pub untransformed_colours: c_int,
    pub horizontal: c_int,
    pub vertical: c_int,
    pub width: c_int,
    pub height: c_int,
    pub quality: c_int,
    pub progressive: c_int,
    pub arithmetic: c_int,
    pub restart: c_int,
    pub non_interleaved: c_int,
    pub without_tables: c_int,
    pub max_scans: c_int,
}

unsafe extern "C" {
    fn harness_write_jpeg_variant(variant: &Variant, samples: *const u8, file: *mut u8, room: usize) -> usize;
}

/// The variant of most photos.
pub const TYPICAL: Variant = Variant {
    channels: 3,
    untransformed_colours: 0,
    horizontal: 2,
    vertical: 2,
    width: 131,
    height: 97,
    quality: 90,
    progressive: 0,
    arithmetic: 0,
    restart: 0,
    non_interleaved: 0,
    without_tables: 0,
    max_scans: 0,
};

/// A file of an image with smooth colours, edges and noise.
pub fn file(variant: Variant) -> Vec<u8> {
    let [width, height, channels] =
        [variant.width, variant.height, variant.channels].map(|number| usize::try_from(number).unwrap());
    let mut samples = vec![0; width * height * channels];
    let mut noise = 12345_u32;
    for (at, sample) in samples.iter_mut().enumerate() {
        let (x, y, channel) = (at / channels % width, at / channels / width, at % channels);
        noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12345);
        *sample = match (x / 9 + y / 7) % 5 {
            0 => (noise >> 24) as u8,
            1 => 255 * u8::from(x / 4 % 2 == 1),
            _ => (x * (2 + channel) + y * (4 - channel)).to_le_bytes()[0],
        };
    }
    let mut file = vec![0; 4 * samples.len() + (1 << 16)];
    // SAFETY: there are as many samples as the variant declares, and the length of the output is passed.
    let length = unsafe { harness_write_jpeg_variant(&variant, samples.as_ptr(), file.as_mut_ptr(), file.len()) };
    assert!(length > 0, "failed to encode {variant:?}");
    file.truncate(length);
    file
}

/// Variants of many sizes, encodings and colour formats.
pub fn variants() -> Vec<Variant> {
    let colours = [
        (1, 0, 1, 1),
        (1, 0, 2, 2),
        (3, 0, 1, 1),
        (3, 0, 2, 1),
        (3, 0, 2, 2),
        (3, 0, 1, 2),
        (3, 0, 4, 1),
        (3, 0, 4, 2),
        (3, 1, 1, 1),
        (4, 1, 1, 1),
        (4, 0, 1, 1),
        (4, 0, 2, 2),
    ];
    let sizes = [(1, 1), (2, 3), (7, 5), (8, 8), (16, 16), (17, 33), (35, 18), (131, 97)];
    let encodings = [
        TYPICAL,
        Variant { restart: 1, ..TYPICAL },
        Variant {
            progressive: 1,
            ..TYPICAL
        },
        Variant {
            progressive: 1,
            restart: 3,
            ..TYPICAL
        },
        Variant {
            arithmetic: 1,
            ..TYPICAL
        },
        Variant {
            arithmetic: 1,
            progressive: 1,
            ..TYPICAL
        },
        Variant {
            non_interleaved: 1,
            ..TYPICAL
        },
        Variant {
            without_tables: 1,
            ..TYPICAL
        },
    ];
    let mut variants = Vec::new();
    for encoding in encodings {
        for (channels, untransformed_colours, horizontal, vertical) in colours {
            for (turn, (width, height)) in sizes.into_iter().enumerate() {
                variants.push(Variant {
                    channels,
                    untransformed_colours,
                    horizontal,
                    vertical,
                    width,
                    height,
                    quality: [95, 75, 30, 100, 5][turn % 5],
                    ..encoding
                });
            }
        }
    }
    variants
}

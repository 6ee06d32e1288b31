//! Face detection models: the SDK's files, and small networks that are cut out of them.

use std::path::Path;

use anyhow::{Context, Result};

use super::files::{NamedFile, read};
use super::small_onnx;

/// The length of a packed network's header up to the widths of its convolutions, in bytes, and the number of widths.
/// The format is in `packed_network.cpp` of OpenCV's module objdetect in the overlay.
const HEADER: usize = 24;
const WIDTHS: usize = 21;
/// The smallest width, and the floats of the first convolution and of each further pair of that width.
const WIDTH: u32 = 16;
const FIRST_WEIGHTS: usize = 27 * 16 + 16;
const PAIR_WEIGHTS: usize = 16 * 16 + 16 + 9 * 16 + 16;

/// The files in the SDK, which are too large for mutation, and small ones.
pub fn files(sdk: &Path) -> Result<Vec<NamedFile>> {
    let file = |extension: &str| read(&sdk.join("share/yunet/face_detection_yunet").with_extension(extension));
    let (onnx, packed) = (file("onnx")?, file("packed")?);
    let files = [
        ("small.onnx", small_onnx::cut(&onnx)?),
        ("small.packed", small_packed(&packed)?),
        ("onnx", onnx),
        ("packed", packed),
    ];
    Ok(files.map(|(name, bytes)| (name.to_owned(), bytes)).into())
}

/// A network of the smallest widths with the first weights of another one. The fuzz target corrects the checksum.
fn small_packed(packed: &[u8]) -> Result<Vec<u8>> {
    let truncated = "a packed network is truncated";
    let (header, rest) = packed.split_at_checked(HEADER).context(truncated)?;
    let (widths, weights) = rest.split_at_checked(4 * WIDTHS).context(truncated)?;
    // A width of 0 is that of an absent convolution.
    let small = |width: &[u8; 4]| [0, WIDTH][usize::from(*width != [0; 4])].to_le_bytes();
    let widths: Vec<_> = widths.as_chunks().0.iter().map(small).collect();
    let pairs = widths
        .iter()
        .filter(|width| **width != [0; 4])
        .count()
        .saturating_sub(1);
    let weights = weights.get(..4 * (FIRST_WEIGHTS + pairs * PAIR_WEIGHTS));
    Ok([header, &widths.concat(), weights.context(truncated)?].concat())
}

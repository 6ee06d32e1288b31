//! How a photo is decoded.

#[derive(Clone, Copy, Debug)]
pub struct Decoding {
    /// The longest side of the image, in pixels; 0 for the photo's own. Photos are never enlarged.
    pub longest_side: u32,
    pub channels: Channels,
}

/// The channels of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    Grey,
    /// OpenCV's order, blue first.
    Bgr,
}

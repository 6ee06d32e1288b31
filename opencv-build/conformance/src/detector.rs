//! That our detector finds what OpenCV's own code finds: in random cases in the same build, in photos
//! against the Python wheel, and by itself under a compiler's sanitizers. The programs that detect are in
//! `data/detector`.

mod sanitizers;
mod simd_levels;
mod upstream;
mod wheel;

pub use sanitizers::test as sanitizers;
pub use upstream::test as upstream;
pub use wheel::test as wheel;

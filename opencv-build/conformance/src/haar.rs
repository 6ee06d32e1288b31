//! Tests that our detector for Haar cascades finds the same rectangles as OpenCV's own code: in random cases in the
//! same build, in photos against the Python wheel, and without OpenCV under sanitizers. The programs are in
//! `data/haar`.

mod sanitizers;
mod upstream;
mod wheel;

pub use sanitizers::test as sanitizers;
pub use upstream::{between_architectures, test as upstream};
pub use wheel::test as wheel;

//! That our detector finds what OpenCV's own code finds: in random cases in the same build, in photos
//! against the Python wheel, and by itself under a compiler's sanitizers. The programs that look are in
//! `xtask/e2e/data/identity`.

mod levels;
mod need;
mod program;
mod sanitizers;
mod stock;
mod wheel;

pub use sanitizers::test as sanitizers;
pub use stock::test as stock;
pub use wheel::test as wheel;

//! A Lambda on this machine: an S3 server, AWS's emulator with the image's content under it, and
//! the way to post an event. Everything that is started here ends with the value that stands for
//! it, or with the process.

pub mod emulator;
pub mod engine;
pub mod expected;
pub mod gateway;
pub mod instance;
pub mod launch;
pub mod local_lambda;
pub mod rie;
pub mod s3;
pub mod server;
pub mod test_local;

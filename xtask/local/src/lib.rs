//! Runs the function on this machine: an S3 server, AWS's emulator with the image's content, and a gateway for HTTP.
//! Each of them is stopped when its value is dropped or the process ends.

pub mod emulator;
pub mod engine;
pub mod expected;
pub mod gateway;
pub mod instance;
pub mod launch;
pub mod local_lambda;
pub mod request;
pub mod rie;
pub mod s3;
pub mod server;
pub mod test_local;
pub mod watch;

//! Finds faces and eyes in photos, as an AWS Lambda function.
//!
//! ```text
//! event ──▶ request ──▶ photo ──▶ faces ──▶ annotated photo ──▶ answer
//!           which        decoded   boxes      beside the          what the
//!           object       pixels    and eyes   original in S3      original said, and the boxes
//! ```
//!
//! Each arrow is a module. [`handler::Function`] is the whole way.

pub mod answer;
pub mod error;
pub mod faces;
pub mod handler;
pub mod photo;
pub mod request;
pub mod storage;
mod tls;

//! Finds faces and eyes in photos, as an AWS Lambda function.
//!
//! ```text
//! event ──▶ request ──▶ photo ──▶ faces ──▶ answer
//!           which        header,   boxes      in the form that the
//!           objects,     pixels    and eyes   event's sender expects
//!           options
//! ```
//!
//! Each arrow is a module. [`handler::Function`] is the whole way, [`pipeline`] that of the photos of
//! one event, with [`storage`] at both ends. Only [`vision`] and what it calls need OpenCV, the
//! feature `opencv`.

#![expect(
    missing_docs,
    reason = "a name that says all needs no comment in a crate for this project alone"
)]

pub mod answer;
pub mod deadline;
pub mod error;
pub mod faces;
pub mod handler;
pub mod log;
pub mod looks;
pub mod machine;
pub mod meanwhile;
pub mod options;
pub mod order;
pub mod photo;
pub mod pipeline;
pub mod renew;
pub mod report;
pub mod request;
pub mod room;
pub mod storage;
pub mod text;
pub mod vision;

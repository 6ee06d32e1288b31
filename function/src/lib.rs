//! Finds faces and eyes in photos, as an AWS Lambda function.
//!
//! ```text
//! event ──▶ request ──▶ photo ──▶ faces ──▶ response
//!           which        header,   boxes      in the form that the
//!           objects,     pixels    and eyes   event's sender expects
//!           options
//! ```
//!
//! Each arrow is a module. [`handler::Function`] is the whole way, [`pipeline`] that of the photos of
//! one event, with [`storage`] at both ends. Only [`vision`] and what it calls need OpenCV, the
//! feature `opencv`.

pub mod deadline;
pub mod detection_queue;
pub mod error;
pub mod faces;
pub mod handler;
pub mod log;
pub mod machine;
pub mod memory_budget;
pub mod options;
pub mod photo;
pub mod pipeline;
pub mod prefetch;
pub mod reexec;
pub mod report;
pub mod request;
pub mod response;
pub mod sequencer;
pub mod storage;
pub mod text;
pub mod vision;

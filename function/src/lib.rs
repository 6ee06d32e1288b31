//! Finds faces and eyes in photos, as an AWS Lambda function: [`handler::Function`] handles an event, and [`pipeline`]
//! its photos, which it reads from and writes to [`storage`]. Only [`vision`] and the modules that it calls need OpenCV
//! (feature `opencv`).
//!
#![doc = include_str!("../README.md")]

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
pub mod truncate;
pub mod vision;

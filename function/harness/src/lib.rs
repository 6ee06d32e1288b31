//! A Lambda function that processes photos, except for what it does with a photo.
//
#![cfg_attr(feature = "opencv", doc = include_str!("../README.md"))]

pub mod access;
pub mod answer;
pub mod blocking_work;
pub mod deadline;
pub mod error;
pub mod handler;
pub mod log;
pub mod machine;
pub mod memory_budget;
#[cfg(feature = "opencv")]
pub mod opencv_processor;
pub mod options;
pub mod page;
pub mod photo;
#[cfg(feature = "opencv")]
pub mod photo_function;
pub mod picture;
pub mod pipeline;
pub mod prefetch;
pub mod processing_queue;
pub mod processor;
pub mod reexec;
pub mod report;
pub mod request;
pub mod response;
#[cfg(feature = "opencv")]
mod run;
pub mod sequencer;
pub mod storage;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod texts;
pub mod truncate;
pub mod workers;

pub use lambda_runtime::Error as RuntimeError;

pub use crate::answer::Answer;
#[cfg(feature = "opencv")]
pub use crate::photo::pixels::Photo;
pub use crate::photo::{Channels, Decoding, PhotoError};
#[cfg(feature = "opencv")]
pub use crate::photo_function::{PhotoFunction, Picture};
pub use crate::picture::PictureFormat;
#[cfg(feature = "opencv")]
pub use crate::run::{Startup, run};
pub use crate::texts::Texts;

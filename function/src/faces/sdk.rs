//! The functions in C that the SDK has beside OpenCV's.
#![allow(dead_code, missing_docs, unsafe_op_in_unsafe_fn, clippy::pedantic)]

include!(concat!(env!("OUT_DIR"), "/packed_cascade.rs"));

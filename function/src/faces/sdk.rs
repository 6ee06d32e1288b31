//! Bindings for the C functions that the SDK adds to OpenCV.
#![allow(dead_code, unsafe_op_in_unsafe_fn, clippy::pedantic, reason = "bindgen generates it")]

include!(concat!(env!("OUT_DIR"), "/packed_models.rs"));

//! The parser of `opencv.toml`.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use opencv_build::{Architecture, Recipe};

fuzz_target!(|text: &str| {
    for architecture in [None, Some(Architecture::X86_64), Some(Architecture::Aarch64)] {
        match Recipe::parse(text, Path::new("/project"), architecture) {
            Ok(recipe) => {
                assert!(recipe.has_module("core"), "{recipe:?}");
                assert!(!recipe.instrumented);
                let expected = architecture.unwrap_or(recipe.target.architecture);
                assert_eq!(recipe.target.architecture, expected);
            }
            Err(error) => assert!(!format!("{error:#}").is_empty()),
        }
    }
});

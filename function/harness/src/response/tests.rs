//! An answer with countable things, for tests.

use serde::Serialize;

use super::outcome::{Pictures, ProcessedPhoto};
use crate::answer::Answer;

/// Things with two parts each.
#[derive(Clone, Debug, Serialize)]
pub struct Things {
    pub things: Vec<Thing>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Thing {
    #[serde(rename = "box")]
    rectangle: [i32; 4],
    parts: Vec<[i32; 4]>,
}

impl Things {
    pub fn new(number: usize) -> Self {
        let thing = Thing {
            rectangle: [1000, 2000, 300, 400],
            parts: vec![[1005, 2006, 70, 80]; 2],
        };
        Self {
            things: vec![thing; number],
        }
    }
}

impl Answer for Things {
    const COUNTED: &'static [&'static str] = &["thing", "part"];

    fn counts(&self) -> Vec<usize> {
        vec![
            self.things.len(),
            self.things.iter().map(|thing| thing.parts.len()).sum(),
        ]
    }
}

/// A photo with this number of things.
pub fn processed_photo(things: usize) -> ProcessedPhoto<Things> {
    ProcessedPhoto {
        width: 100,
        height: 50,
        answer: Things::new(things),
        pictures: Pictures(vec![("annotated".into(), Ok("s3://b/k_rs.jpg".to_owned()))]),
        sidecar: None,
        moved: None,
    }
}

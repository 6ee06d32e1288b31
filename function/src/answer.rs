//! The answer about a photo.

use harness::Answer;
use serde::Serialize;

use crate::faces::Face;

/// The faces in a photo, from left to right.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Faces {
    pub faces: Vec<Face>,
}

impl Answer for Faces {
    const COUNTED: &'static [&'static str] = &["face", "eye"];

    fn counts(&self) -> Vec<usize> {
        let eyes = self.faces.iter().map(|face| face.eyes.len()).sum();
        vec![self.faces.len(), eyes]
    }

    /// That of the Python original.
    fn message(&self) -> String {
        format!("Find {} face(s)", self.faces.len())
    }
}

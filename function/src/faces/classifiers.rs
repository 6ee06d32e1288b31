//! OpenCV's classifiers: each made of a cascade that is part of the binary, once, when it is first
//! needed or before a snapshot.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use opencv::objdetect::CascadeClassifier;

use super::cascade::Cascade;
use super::packed;
use crate::options::{EyeCascade, FaceCascade};

/// Those that the Python original had.
const ORIGINAL_CASCADES: [Cascade; 2] = [
    Cascade::Face(FaceCascade::FrontalfaceDefault),
    Cascade::Eye(EyeCascade::Eye),
];
const ALL_CASCADES: [Cascade; 5] = [
    ORIGINAL_CASCADES[0],
    ORIGINAL_CASCADES[1],
    Cascade::Face(FaceCascade::FrontalfaceAlt2),
    Cascade::Profile,
    Cascade::Eye(EyeCascade::EyeTreeEyeglasses),
];

#[derive(Default)]
pub struct Classifiers {
    classifiers: HashMap<Cascade, CascadeClassifier>,
}

impl Classifiers {
    pub fn new(preload_all: bool) -> opencv::Result<Self> {
        let mut classifiers = Self::default();
        let preloaded: &[Cascade] = if preload_all { &ALL_CASCADES } else { &ORIGINAL_CASCADES };
        for cascade in preloaded {
            classifiers.get(*cascade)?;
        }
        Ok(classifiers)
    }

    /// A cascade's classifier, which is made if there is none.
    pub fn get(&mut self, cascade: Cascade) -> opencv::Result<&mut CascadeClassifier> {
        match self.classifiers.entry(cascade) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => Ok(entry.insert(packed::classifier(cascade)?)),
        }
    }

    pub fn unload(&mut self, cascade: Cascade) {
        self.classifiers.remove(&cascade);
    }

    pub fn unload_with_pyramids(&mut self) {
        self.classifiers.retain(|cascade, _| !cascade.keeps_pyramid());
    }
}

#[cfg(test)]
mod tests {
    use opencv::prelude::*;

    use super::*;

    #[test]
    fn every_embedded_cascade_loads() {
        let mut classifiers = Classifiers::new(true).unwrap();
        for cascade in ALL_CASCADES {
            assert!(!classifiers.get(cascade).unwrap().empty().unwrap(), "{cascade:?}");
        }
    }
}

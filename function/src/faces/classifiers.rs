//! OpenCV's classifiers: each made of a cascade that is part of the binary, once, when it is first
//! needed or before a snapshot.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use opencv::objdetect::CascadeClassifier;

use super::cascade::Cascade;
use super::packed;
use crate::options::{EyeCascade, FaceCascade};

/// Those that the Python original had.
const FIRST: [Cascade; 2] = [
    Cascade::Face(FaceCascade::FrontalfaceDefault),
    Cascade::Eye(EyeCascade::Eye),
];
const ALL: [Cascade; 5] = [
    FIRST[0],
    FIRST[1],
    Cascade::Face(FaceCascade::FrontalfaceAlt2),
    Cascade::Profile,
    Cascade::Eye(EyeCascade::EyeTreeEyeglasses),
];

#[derive(Default)]
pub struct Classifiers {
    made: HashMap<Cascade, CascadeClassifier>,
}

impl Classifiers {
    pub fn new(all: bool) -> opencv::Result<Self> {
        let mut made = Self::default();
        let first: &[Cascade] = if all { &ALL } else { &FIRST };
        for cascade in first {
            made.get(*cascade)?;
        }
        Ok(made)
    }

    /// A cascade's classifier, which is made if there is none.
    pub fn get(&mut self, cascade: Cascade) -> opencv::Result<&mut CascadeClassifier> {
        match self.made.entry(cascade) {
            Entry::Occupied(made) => Ok(made.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(packed::classifier(cascade)?)),
        }
    }

    pub fn drop(&mut self, cascade: Cascade) {
        self.made.remove(&cascade);
    }

    pub fn drop_pyramids(&mut self) {
        self.made.retain(|cascade, _| !cascade.keeps_pyramid());
    }
}

#[cfg(test)]
mod tests {
    use opencv::prelude::*;

    use super::*;

    #[test]
    fn every_cascade_of_the_binary_can_be_used() {
        let mut made = Classifiers::new(true).unwrap();
        for cascade in ALL {
            assert!(!made.get(cascade).unwrap().empty().unwrap(), "{cascade:?}");
        }
    }
}

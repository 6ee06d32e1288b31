//! Cascades: part of the binary, each read once, when it is first needed or before a snapshot.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use opencv::core::{FileStorage, FileStorage_MEMORY, FileStorage_READ};
use opencv::objdetect::CascadeClassifier;
use opencv::prelude::*;

use super::vote::Fit;
use crate::options::{EyeCascade, FaceCascade};

/// A cascade of the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cascade {
    /// For faces from the front.
    Face(FaceCascade),
    /// For faces that look to the left.
    Profile,
    /// For eyes.
    Eye(EyeCascade),
}

macro_rules! xml {
    ($name:literal) => {
        include_str!(concat!(
            env!("OPENCV_SDK"),
            "/share/haarcascades/haarcascade_",
            $name,
            ".xml"
        ))
    };
}

impl Cascade {
    /// Those that the Python original had.
    const FIRST: [Self; 2] = [
        Self::Face(FaceCascade::FrontalfaceDefault),
        Self::Eye(EyeCascade::Eye),
    ];
    const ALL: [Self; 5] = [
        Self::FIRST[0],
        Self::FIRST[1],
        Self::Face(FaceCascade::FrontalfaceAlt2),
        Self::Profile,
        Self::Eye(EyeCascade::EyeTreeEyeglasses),
    ];

    fn xml(self) -> &'static str {
        match self {
            Self::Face(FaceCascade::FrontalfaceDefault) => xml!("frontalface_default"),
            Self::Face(FaceCascade::FrontalfaceAlt2) => xml!("frontalface_alt2"),
            Self::Profile => xml!("profileface"),
            Self::Eye(EyeCascade::Eye | EyeCascade::None) => xml!("eye"),
            Self::Eye(EyeCascade::EyeTreeEyeglasses) => xml!("eye_tree_eyeglasses"),
        }
    }

    /// How its windows lie on faces.
    pub fn fit(self) -> Fit {
        match self {
            Self::Profile => Fit {
                side: 0.75,
                right: -0.125,
                below: 0.08,
            },
            _ => Fit {
                side: 0.88,
                right: 0.0,
                below: 0.065,
            },
        }
    }

    /// How much coarser its pyramid is than that of the first cascade when they look together: the
    /// second samples other sizes so, and the profile cascade, which looks twice and mostly confirms,
    /// costs half.
    pub fn step(self) -> f64 {
        match self {
            Self::Face(FaceCascade::FrontalfaceAlt2) => 1.2,
            Self::Profile => 2.0,
            _ => 1.0,
        }
    }
}

/// Cascades that were read.
#[derive(Default)]
pub struct Cascades {
    read: HashMap<Cascade, CascadeClassifier>,
}

impl Cascades {
    /// Reads those of the Python original, or all.
    pub fn new(all: bool) -> opencv::Result<Self> {
        let mut cascades = Self::default();
        let first: &[Cascade] = if all { &Cascade::ALL } else { &Cascade::FIRST };
        for cascade in first {
            cascades.get(*cascade)?;
        }
        Ok(cascades)
    }

    /// A cascade, which is read if it was not before.
    pub fn get(&mut self, cascade: Cascade) -> opencv::Result<&mut CascadeClassifier> {
        match self.read.entry(cascade) {
            Entry::Occupied(read) => Ok(read.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(read(cascade.xml())?)),
        }
    }
}

fn read(xml: &str) -> opencv::Result<CascadeClassifier> {
    let storage = FileStorage::new(xml, FileStorage_READ | FileStorage_MEMORY, "")?;
    let mut cascade = CascadeClassifier::default()?;
    if cascade.read(&storage.get_first_top_level_node()?)? {
        return Ok(cascade);
    }
    let reason = "a cascade of the binary cannot be read".to_owned();
    Err(opencv::Error::new(opencv::core::StsParseError, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cascade_of_the_binary_can_be_read() {
        let mut cascades = Cascades::new(true).unwrap();
        for cascade in Cascade::ALL {
            assert!(
                !cascades.get(cascade).unwrap().empty().unwrap(),
                "{cascade:?}"
            );
        }
    }
}

//! OpenCV's classifiers: each made of a cascade that is part of the binary, once, when it is first
//! needed or before a snapshot.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use opencv::core::{FileStorage, FileStorage_MEMORY, FileStorage_READ};
use opencv::objdetect::CascadeClassifier;
use opencv::prelude::*;

use super::cascade::Cascade;
use super::packed;
use crate::options::{EyeCascade, FaceCascade};

/// The cascades as `build.rs` packed them; as statics they have names, by which size reports tell them.
mod packed_cascades {
    macro_rules! packed {
        ($($name:ident = $file:literal;)*) => {
            $(pub static $name: [u8; include_bytes!(concat!(env!("OUT_DIR"), "/", $file)).len()] =
                *include_bytes!(concat!(env!("OUT_DIR"), "/", $file));)*
        };
    }
    packed! {
        EYE = "eye.packed";
        EYE_TREE_EYEGLASSES = "eye_tree_eyeglasses.packed";
        FRONTALFACE_ALT2 = "frontalface_alt2.packed";
        FRONTALFACE_DEFAULT = "frontalface_default.packed";
        PROFILEFACE = "profileface.packed";
    }
}

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

fn packed(cascade: Cascade) -> &'static [u8] {
    use packed_cascades::{
        EYE, EYE_TREE_EYEGLASSES, FRONTALFACE_ALT2, FRONTALFACE_DEFAULT, PROFILEFACE,
    };
    match cascade {
        Cascade::Face(FaceCascade::FrontalfaceDefault) => &FRONTALFACE_DEFAULT,
        Cascade::Face(FaceCascade::FrontalfaceAlt2) => &FRONTALFACE_ALT2,
        Cascade::Profile => &PROFILEFACE,
        Cascade::Eye(EyeCascade::Eye | EyeCascade::None) => &EYE,
        Cascade::Eye(EyeCascade::EyeTreeEyeglasses) => &EYE_TREE_EYEGLASSES,
    }
}

/// Classifiers that were made.
#[derive(Default)]
pub struct Classifiers {
    made: HashMap<Cascade, CascadeClassifier>,
}

impl Classifiers {
    /// Makes those that the Python original had, or all.
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
            Entry::Vacant(place) => Ok(place.insert(read(cascade)?)),
        }
    }

    /// Drops a cascade's classifier, with all memory that it holds.
    pub fn drop(&mut self, cascade: Cascade) {
        self.made.remove(&cascade);
    }

    /// Drops all.
    pub fn clear(&mut self) {
        self.made.clear();
    }
}

fn read(cascade: Cascade) -> opencv::Result<CascadeClassifier> {
    let storage = storage(&packed::json(packed(cascade)).ok_or_else(unreadable)?)?;
    let mut classifier = CascadeClassifier::default()?;
    if classifier.read(&storage.get_first_top_level_node()?)? {
        return Ok(classifier);
    }
    Err(unreadable())
}

fn storage(text: &str) -> opencv::Result<FileStorage> {
    FileStorage::new(text, FileStorage_READ | FileStorage_MEMORY, "")
}

fn unreadable() -> opencv::Error {
    let reason = "a cascade of the binary cannot be read".to_owned();
    opencv::Error::new(opencv::core::StsParseError, reason)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use opencv::core::FileNode;

    use super::*;

    #[test]
    fn every_cascade_of_the_binary_can_be_read() {
        let mut made = Classifiers::new(true).unwrap();
        for cascade in ALL {
            assert!(!made.get(cascade).unwrap().empty().unwrap(), "{cascade:?}");
        }
    }

    /// All that a node holds, in order: names, whole numbers, texts, and fractions as a classifier
    /// keeps them.
    fn values(node: &FileNode, values: &mut Vec<String>) {
        if node.is_named().unwrap() {
            values.push(node.name().unwrap());
        }
        if node.is_int().unwrap() {
            values.push(node.to_i32().unwrap().to_string());
        } else if node.is_real().unwrap() {
            values.push(format!("{:08x}", node.to_f32().unwrap().to_bits()));
        } else if node.is_string().unwrap() {
            values.push(node.to_string().unwrap());
        } else {
            values.push(format!("{} inside", node.size().unwrap()));
            let mut inside = node.begin().unwrap();
            for _ in 0..node.size().unwrap() {
                self::values(&inside.try_deref().unwrap(), values);
                inside.incr().unwrap();
            }
        }
    }

    #[test]
    fn every_cascade_of_the_binary_has_the_values_of_opencvs_own() {
        for cascade in ALL {
            let name = match cascade {
                Cascade::Face(FaceCascade::FrontalfaceDefault) => "frontalface_default",
                Cascade::Face(FaceCascade::FrontalfaceAlt2) => "frontalface_alt2",
                Cascade::Profile => "profileface",
                Cascade::Eye(EyeCascade::EyeTreeEyeglasses) => "eye_tree_eyeglasses",
                Cascade::Eye(_) => "eye",
            };
            let folder = concat!(env!("OPENCV_SDK"), "/share/haarcascades");
            let original = fs::read_to_string(format!("{folder}/haarcascade_{name}.xml")).unwrap();
            let small = packed::json(packed(cascade)).unwrap();
            assert!(small.len() < original.len() / 2, "{name}");
            let read = |text: &str| {
                let storage = storage(text).unwrap();
                let mut found = Vec::new();
                values(&storage.get_first_top_level_node().unwrap(), &mut found);
                found
            };
            let (expected, found) = (read(&original), read(&small));
            assert!(expected.len() > 10_000, "{name}: {}", expected.len());
            let same = expected.iter().zip(&found).take_while(|(a, b)| a == b);
            let same = same.count();
            assert!(
                expected == found,
                "{name}: the value {same} differs: {:?} {:?}",
                expected.get(same),
                found.get(same)
            );
        }
    }
}

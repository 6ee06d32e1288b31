//! Reference files with the faces that OpenCV 4.14 finds in photos with its own model: as they are, and scaled to 320
//! pixels. They are beside the project, with the photos and the model.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use serde::Deserialize;
use support::progress::print_status;

use super::faces::{Face, SAME_WEIGHTS, Tolerance, compare, compare_rounded, parse};

/// The files, and what `wheel.py` appends to the names of the photos.
const FILES: [(&str, &str); 2] = [("yunet-4.14.json", ""), ("yunet-4.14-320.json", "-320")];
/// The score threshold of the files.
const THRESHOLD: f32 = 0.3;

const ROUNDED_WEIGHTS: Tolerance = Tolerance {
    pixels: 1.0,
    score: 0.01,
};

#[derive(Deserialize)]
struct Entry {
    /// Width and height of the image in which the faces were detected.
    size: [f32; 2],
    /// In pixels of the photo.
    faces: Vec<ReferenceFace>,
}

#[derive(Deserialize)]
struct ReferenceFace {
    #[serde(rename = "box")]
    rectangle: [f32; 4],
    landmarks: [[f32; 2]; 5],
    score: f32,
}

impl ReferenceFace {
    fn to_face(&self) -> Result<Face> {
        let pixels = self.rectangle.iter().chain(self.landmarks.as_flattened());
        Face::new(pixels.copied(), self.score)
    }
}

/// What a model finds, by the name of the picture: after non-maximum suppression, and all candidates.
pub struct Results {
    faces: BTreeMap<String, Vec<Face>>,
    candidates: BTreeMap<String, Vec<Face>>,
}

impl Results {
    /// From the requests of `wheel.py photos` and the output of `detect_faces`. Requests with other thresholds are
    /// ignored.
    pub fn parse(requests: &str, output: &str) -> Result<Self> {
        let (mut faces, mut candidates) = (BTreeMap::new(), BTreeMap::new());
        for (request, line) in requests.lines().zip(output.lines()) {
            let words: Vec<_> = request.split_whitespace().collect();
            let list = match words[3..] {
                ["0.45", "0.3", "5000"] => &mut faces,
                ["0.45", "1.0", "5000"] => &mut candidates,
                _ => continue,
            };
            let name = words[0].trim_end_matches(".bgr");
            list.insert(name.to_owned(), parse(line)?);
        }
        Ok(Self { faces, candidates })
    }

    fn of(&self, name: &str) -> Result<[&[Face]; 2]> {
        let lists = [self.faces.get(name), self.candidates.get(name)];
        let [Some(faces), Some(candidates)] = lists else {
            bail!("nothing was detected in `{name}`; is the photo there?");
        };
        Ok([faces, candidates])
    }
}

/// The expected faces, by the name of the picture, in its pixels.
pub struct References(BTreeMap<String, Vec<Face>>);

impl References {
    /// Reads the files; says why they are skipped if something is missing.
    pub fn find(photos: &Path, model: &Path) -> Result<Option<Self>> {
        let files = FILES.map(|(file, suffix)| (photos.join(file), suffix));
        let needed = files.iter().map(|(file, _)| file.as_path()).chain([model]);
        if let Some(missing) = needed.into_iter().find(|path| !path.is_file()) {
            print_status(&format!(
                "skipped: the references, because `{}` does not exist",
                missing.display()
            ));
            return Ok(None);
        }
        let (whole, scaled) = (read(&files[0].0)?, read(&files[1].0)?);
        let mut references = BTreeMap::new();
        for (entries, (_, suffix)) in [&whole, &scaled].into_iter().zip(&files) {
            for (photo, entry) in entries {
                let original = whole.get(photo);
                let original = original.with_context(|| format!("the size of `{photo}` is unknown"))?;
                let longest = |size: [f32; 2]| size[0].max(size[1]);
                let scale = longest(entry.size) / longest(original.size);
                let faces = entry.faces.iter().map(|face| Ok(face.to_face()?.scaled(scale)));
                let name = format!("{}{suffix}", photo.trim_end_matches(".jpg"));
                references.insert(name, faces.collect::<Result<_>>()?);
            }
        }
        ensure!(!references.is_empty(), "the reference files are empty");
        Ok(Some(Self(references)))
    }

    /// Compares the results of a model with the same weights and of one with rounded weights. Returns the number of
    /// faces.
    pub fn compare(&self, same: &Results, rounded: &Results) -> Result<usize> {
        let mut compared = 0;
        for (name, expected) in &self.0 {
            let [faces, _] = same.of(name)?;
            compared +=
                compare(expected, faces, THRESHOLD, SAME_WEIGHTS).with_context(|| format!("the photo `{name}`"))?;
            let [faces, candidates] = rounded.of(name)?;
            compare_rounded(expected, faces, candidates, ROUNDED_WEIGHTS)
                .with_context(|| format!("the photo `{name}` with the SDK's weights"))?;
        }
        Ok(compared)
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Entry>> {
    let text = fs::read_to_string(path)?;
    serde_json::from_str(&text).with_context(|| format!("failed to parse `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"a.jpg": {"size": [640, 400], "faces": [{"box": [64, 32, 48, 80],
        "landmarks": [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]], "score": 0.9}]}}"#;

    /// A line with one face, in pixels of a photo that is scaled by `scale`.
    fn line(scale: f32, score: f32) -> String {
        let pixels = [64, 32, 48, 80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10_u8];
        let pixels = pixels.map(|number| (f32::from(number) * scale).to_string());
        format!("1 {} {score}", pixels.join(" "))
    }

    fn results(score: f32) -> Results {
        let requests = [
            "a.bgr 640 400 0.45 0.3 5000",
            "a.bgr 640 400 0.45 1.0 5000",
            "a.bgr 640 400 0.6 0.3 5000",
        ];
        let requests = requests.join("\n");
        let scaled = requests.replace("a.bgr 640 400", "a-320.bgr 320 200");
        let output = [line(1.0, score), line(1.0, score), "0".to_owned()].join("\n");
        let small = [line(0.5, score), line(0.5, score), "0".to_owned()].join("\n");
        Results::parse(&format!("{requests}\n{scaled}"), &format!("{output}\n{small}")).unwrap()
    }

    #[test]
    fn references_are_in_pixels_of_the_photo() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at(FILES[0].0), WHOLE).unwrap();
        let scaled = WHOLE.replace("[640, 400]", "[320, 200]");
        fs::write(at(FILES[1].0), scaled).unwrap();
        assert!(References::find(folder.path(), &at("missing.onnx")).unwrap().is_none());
        fs::write(at("model.onnx"), "").unwrap();
        let references = References::find(folder.path(), &at("model.onnx")).unwrap().unwrap();
        assert_eq!(references.compare(&results(0.9), &results(0.909)).unwrap(), 2);
        let error = references.compare(&results(0.909), &results(0.9)).unwrap_err();
        assert!(error.to_string().contains("`a`"), "{error}");
        let error = references.compare(&results(0.9), &results(0.92)).unwrap_err();
        assert!(error.to_string().contains("with the SDK's weights"), "{error}");
    }
}

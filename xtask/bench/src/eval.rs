//! `cargo xtask eval`: measures the quality and the time of each preset on labelled photos with the packaged image,
//! and of references in Python; prints a table and writes the photos with the faces.

mod average_precision;
mod detectors;
mod digits;
pub mod face;
mod labels;
mod output;
mod overlay;
mod reference_program;
pub mod score;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use image::RgbImage;
use opencv_build::{Architecture, Sdk};
use package::function::Function;

pub use self::labels::LabelledPhotos;
pub use self::output::EvalOutput;

use self::average_precision::ScoredBoxes;
use self::detectors::{Detection, Detector, Detectors, MIN_SCORE, PRESETS};
use self::output::DetectorScore;
use self::score::{Label, Matching, Score};
use super::samples::require_python_reference;
use package::build::{self, ArchitectureSelection, Build};
use package::build_function::build_function;
use package::function_package::PackageArguments;
use package::workspace::Workspace;
use support::median::median;
use support::output::print;
use support::progress::ProgressStep;

/// Detections in each photo with each detector; the median is the photo's time.
const RUNS: usize = 3;
/// With more photos, each is measured once: then the mean over the photos is robust enough.
const MAX_REPEATED_PHOTOS: usize = 100;
/// Pictures are written of the first photos only.
const MAX_OVERLAYS: usize = 100;

#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// The labelled photos: a folder with `labelled.json`, or a file with labels
    /// [default: shared/photos next to the project]
    ///
    /// A JSON file has an object that maps each photo's name to a list of faces, each [left, top, width, height] in
    /// pixels; the photos are in its folder. Any other file has the format of WIDER FACE: for each photo a line with
    /// its path, one with the number of its faces, and one for each face, `x y width height blur expression
    /// illumination invalid occlusion pose`; the photos are below `images` in its folder. A face with `invalid` 1 is
    /// ignored: it cannot be missed, and boxes on it are not wrong. One with no size is left out.
    #[arg(long, value_name = "FOLDER|FILE")]
    pub photos: Option<PathBuf>,

    /// The folder of the photos, if it is another
    #[arg(long, value_name = "FOLDER", requires = "photos")]
    pub images: Option<PathBuf>,

    #[command(flatten)]
    pub package: PackageArguments,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    // Times of an emulated processor mean nothing.
    let build = Build::read(&build::Arguments {
        arch: Architecture::host().map(ArchitectureSelection::One),
        ..build::Arguments::for_package(&arguments.package)
    })?;
    require_python_reference(&build.package, "eval")?;
    let workspace = &build.workspace;
    let labelled = LabelledPhotos::find(workspace, arguments.photos.as_deref())?;
    let labelled = labelled.with_images(arguments.images.as_deref())?;
    let (sdk, function) = build_function(&build)?;
    print(&evaluate(workspace, &sdk, &function, &labelled)?, json)
}

/// What was measured with one detector.
struct Measurement {
    detector: Detector,
    scores: BTreeMap<String, Score>,
    scored_boxes: ScoredBoxes,
    /// The sums of the photos' median times in milliseconds.
    detection_ms: f64,
    invocation_ms: Option<f64>,
}

pub fn evaluate(
    workspace: &Workspace,
    sdk: &Sdk,
    function: &Function,
    labelled: &LabelledPhotos,
) -> Result<EvalOutput> {
    let mut notes = Vec::new();
    let mut detectors = Detectors::start(workspace, (sdk, function), &mut notes)?;
    let mut measurements: Vec<_> = detectors.all().into_iter().map(Measurement::new).collect();
    let overlays = workspace.target_dir().join("eval");
    // Overlays of other photos would be mistaken for these.
    let _ = fs::remove_dir_all(&overlays);
    let count = labelled.labels.len();
    let runs = if count > MAX_REPEATED_PHOTOS { 1 } else { RUNS };
    if count > MAX_OVERLAYS {
        notes.push(format!(
            "pictures were written of the first {MAX_OVERLAYS} of {count} photos"
        ));
    }
    let mut step = ProgressStep::start("evaluating photos");
    for (number, (name, labels)) in labelled.labels.iter().enumerate() {
        step.advance(number as u64, count as u64);
        let path = labelled.folder.join(name);
        detectors.add_photo(name, &path)?;
        let decoded = (number < MAX_OVERLAYS).then(|| overlay::load_upright(&path));
        let photo = EvaluatedPhoto {
            name,
            path: &path,
            labels,
            decoded: decoded.transpose()?,
        };
        photo.measure(&mut detectors, &mut measurements, runs, &overlays)?;
        detectors.remove_photo(name)?;
    }
    let references = measurements.split_off(PRESETS.len());
    let scores = |measurements: Vec<Measurement>| measurements.into_iter().map(|one| one.score(count)).collect();
    Ok(EvalOutput {
        presets: scores(measurements),
        references: scores(references),
        notes,
        overlays,
    })
}

struct EvaluatedPhoto<'a> {
    name: &'a str,
    path: &'a Path,
    labels: &'a [Label],
    /// If a picture is to be written.
    decoded: Option<RgbImage>,
}

impl EvaluatedPhoto<'_> {
    fn measure(
        &self,
        detectors: &mut Detectors,
        measurements: &mut [Measurement],
        runs: usize,
        overlays: &Path,
    ) -> Result<()> {
        let key = (self.name, self.path);
        let mut detections: Vec<Vec<Detection>> = measurements.iter().map(|_| Vec::new()).collect();
        for _ in 0..runs {
            // The detectors alternate, so that other load on the machine slows all of them.
            for (measurement, detections) in measurements.iter().zip(&mut detections) {
                detections.push(detectors.detect(measurement.detector, key, None)?);
            }
        }
        for (measurement, detections) in measurements.iter_mut().zip(&detections) {
            measurement.add_times(detections);
            if let Some(first) = detections.first() {
                let matched = Matching::of(&face::rectangles(&first.faces), self.labels);
                measurement.scores.insert(self.name.to_owned(), matched.score());
                if let Some(decoded) = &self.decoded {
                    let folder = overlays.join(measurement.detector.name().replace(' ', "-"));
                    overlay::write(&folder, self.name, decoded, (&first.faces, self.labels), &matched)?;
                }
            }
            if measurement.detector.has_scores() {
                let all = detectors.detect(measurement.detector, key, Some(MIN_SCORE))?;
                measurement.scored_boxes.add(&all.faces, self.labels);
            }
        }
        Ok(())
    }
}

impl Measurement {
    fn new(detector: Detector) -> Self {
        Self {
            detector,
            scores: BTreeMap::new(),
            scored_boxes: ScoredBoxes::default(),
            detection_ms: 0.0,
            invocation_ms: None,
        }
    }

    fn add_times(&mut self, detections: &[Detection]) {
        let times: Vec<_> = detections.iter().map(|detection| detection.detection_ms).collect();
        self.detection_ms += median(&times);
        let times = detections.iter().filter_map(|detection| detection.invocation_ms);
        let times: Vec<_> = times.collect();
        if !times.is_empty() {
            *self.invocation_ms.get_or_insert_default() += median(&times);
        }
    }

    fn score(self, photos: usize) -> DetectorScore {
        #[expect(clippy::cast_precision_loss, reason = "there are not that many photos")]
        let count = photos as f64;
        let average_precision = self
            .detector
            .has_scores()
            .then(|| self.scored_boxes.average_precision());
        let times = (self.detection_ms / count, self.invocation_ms.map(|time| time / count));
        DetectorScore::new(self.detector, self.scores, average_precision.flatten(), times)
    }
}

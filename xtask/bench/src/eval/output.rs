//! The output of an evaluation, as a table and as JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use support::output::{CommandOutput, display_path, format_table};

use super::detectors::{Detector, MIN_SCORE};
use super::score::{IOU_THRESHOLD, Score};

/// With more photos, the table has only their sum.
const MAX_LISTED_PHOTOS: usize = 50;
const HEAD: [&str; 11] = [
    "photo",
    "detector",
    "precision",
    "recall",
    "F1",
    "AP",
    "found",
    "false",
    "missed",
    "detection ms",
    "invocation ms",
];

#[derive(Serialize)]
pub struct EvalOutput {
    pub presets: Vec<DetectorScore>,
    pub references: Vec<DetectorScore>,
    pub notes: Vec<String>,
    pub overlays: PathBuf,
}

#[derive(Serialize)]
pub struct DetectorScore {
    pub name: String,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    /// None for cascades, whose faces have no scores.
    pub average_precision: Option<f64>,
    #[serde(flatten)]
    all: Score,
    /// The mean time of a photo to decode it and to detect in it; of presets as the function measures it.
    pub detection_ms: f64,
    /// The mean time of a photo from the event to the response, with S3 on loopback; only of presets.
    pub invocation_ms: Option<f64>,
    photos: BTreeMap<String, Score>,
}

impl DetectorScore {
    pub fn new(
        detector: Detector,
        photos: BTreeMap<String, Score>,
        average_precision: Option<f64>,
        (detection_ms, invocation_ms): (f64, Option<f64>),
    ) -> Self {
        let all = Score::sum(photos.values());
        Self {
            name: detector.name(),
            precision: all.precision(),
            recall: all.recall(),
            f1: all.f1(),
            average_precision,
            all,
            detection_ms,
            invocation_ms,
            photos,
        }
    }

    /// A row without average precision and times, which exist only for all photos.
    fn row_of_photo(&self, photo: &str, score: &Score) -> Vec<String> {
        self.row(photo, score, [String::new(), String::new(), String::new()])
    }

    fn row_of_all(&self) -> Vec<String> {
        let or_none = |number: Option<String>| number.unwrap_or_else(|| "–".to_owned());
        let milliseconds = |time: f64| format!("{time:.1}");
        let average_precision = self.average_precision.map(|precision| format!("{precision:.3}"));
        let invocation = self.invocation_ms.map(milliseconds);
        let cells = [
            or_none(average_precision),
            milliseconds(self.detection_ms),
            or_none(invocation),
        ];
        self.row("all", &self.all, cells)
    }

    fn row(&self, photo: &str, score: &Score, [average_precision, detection, invocation]: [String; 3]) -> Vec<String> {
        let names = [photo, &self.name].map(str::to_owned).into_iter();
        let ratios = [score.precision(), score.recall(), score.f1()].map(|ratio| format!("{ratio:.3}"));
        let counts = [score.true_positives, score.false_positives, score.false_negatives];
        names
            .chain(ratios)
            .chain([average_precision])
            .chain(counts.map(|count| count.to_string()))
            .chain([detection, invocation])
            .collect()
    }
}

impl CommandOutput for EvalOutput {
    fn to_text(&self) -> String {
        let detectors = || self.presets.iter().chain(&self.references);
        let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
        let names = self.presets.first().map(|first| first.photos.keys());
        let names: Vec<_> = names.into_iter().flatten().collect();
        if names.len() <= MAX_LISTED_PHOTOS {
            for name in names {
                rows.extend(detectors().map(|detector| detector.row_of_photo(name, &detector.photos[name])));
            }
        }
        rows.extend(detectors().map(DetectorScore::row_of_all));
        let notes: Vec<_> = self.notes.iter().map(|note| format!("Note: {note}.\n")).collect();
        format!(
            "{}A face is found if a box overlaps it with an IoU (intersection over union) of at least \
             {IOU_THRESHOLD}.\n\
             AP is the average precision over all scores from {MIN_SCORE}; cascades have no scores.\n\
             Times are means over the photos: `detection ms` to decode and to detect (of presets as the function \
             logs it), `invocation ms` from the event to the response, with S3 on loopback.\n\
             {}Images: {} (green: label, found; orange: label, missed; blue: right; red: wrong; grey: ignored)",
            format_table(&rows),
            notes.concat(),
            display_path(&self.overlays)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_detector_and_a_dash_for_what_it_lacks() {
        let score = |detector: Detector, average_precision, times| {
            let photos = BTreeMap::from([(
                "a.jpg".to_owned(),
                Score {
                    true_positives: 3,
                    false_positives: 1,
                    false_negatives: 0,
                },
            )]);
            DetectorScore::new(detector, photos, average_precision, times)
        };
        let text = EvalOutput {
            presets: vec![
                score(Detector::Preset("original"), None, (19.26, Some(30.0))),
                score(Detector::Preset("balanced"), Some(0.98765), (4.0, Some(12.0))),
            ],
            references: vec![score(Detector::Yunet(320), Some(0.9), (7.5, None))],
            notes: vec!["something was skipped".to_owned()],
            overlays: "pictures".into(),
        }
        .to_text();
        let all: Vec<_> = text.lines().filter(|line| line.starts_with("all")).collect();
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            all.into_iter().map(words).collect::<Vec<_>>(),
            [
                "all original 0.750 1.000 0.857 – 3 1 0 19.3 30.0",
                "all balanced 0.750 1.000 0.857 0.988 3 1 0 4.0 12.0",
                "all wheel 4.14 at 320 0.750 1.000 0.857 0.900 3 1 0 7.5 –",
            ]
        );
        assert_eq!(text.lines().filter(|line| line.starts_with("a.jpg")).count(), 3);
        assert!(text.contains("Note: something was skipped.\n"), "{text}");
    }
}

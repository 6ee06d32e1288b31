//! How logs, metrics, errors and the page name what the function does.

use harness::Texts;

pub const TEXTS: Texts = Texts {
    operation: "detect faces in",
    activity: "detection",
    process_step: "detect",
    picture_step: "annotate",
    time_metric: "DetectionTime",
    smaller_answer: "set a larger `min_face` or, with presets other than `original`, a higher `score` for fewer faces",
};

pub const PAGE: &str = include_str!("page.html");

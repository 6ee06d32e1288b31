//! Photos that are moved, and several pictures of one photo.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::options::KeyPattern;

/// Rejects each photo of one pixel, and makes two pictures of the same name.
struct Sorter;

#[derive(Clone, Debug, serde::Serialize)]
struct Verdict {
    rejected: bool,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize)]
struct SorterOptions {
    #[serde(skip)]
    destination: KeyPattern,
}

impl Default for SorterOptions {
    fn default() -> Self {
        Self {
            destination: KeyPattern::parse("rejected/{key}").unwrap(),
        }
    }
}

impl FunctionOptions for SorterOptions {
    const OUTPUT_KEY: &'static str = "out/{key}_{name}.{extension}";

    fn destination(&self) -> Option<&KeyPattern> {
        Some(&self.destination)
    }
}

impl Answer for Verdict {
    fn moves_photo(&self) -> bool {
        self.rejected
    }
}

impl Processor for Sorter {
    type Options = SorterOptions;
    type Answer = Verdict;

    fn process(&self, _: &[u8], header: &Header, task: &Task<SorterOptions>) -> Result<Processed<Verdict>, PhotoError> {
        let formats = [PictureFormat::JPEG, PictureFormat::PNG];
        let picture = |format| PictureFile {
            name: "small".into(),
            format,
            content: Ok(Bytes::from_static(&[1])),
        };
        let pictures = task.pictures.map(|_| formats.map(picture).to_vec());
        Ok(Processed {
            width: header.width,
            height: header.height,
            answer: Verdict {
                rejected: header.pixels() == 1,
            },
            pictures: pictures.unwrap_or_default(),
            times: StepTimes::default(),
        })
    }
}

/// The outcome for the object `key` with these options, as JSON, or the error or the reason why it is skipped.
async fn sort(folder: &Path, key: &str, options: Options<SorterOptions>) -> Value {
    let mut options = options;
    options.common.storage = folder_storage(folder);
    let object = Object {
        bucket: "b".to_owned(),
        key: key.to_owned(),
        version_id: None,
    };
    let pipeline = Pipeline {
        processor: &Arc::new(Sorter),
        processing_queue: &Arc::default(),
        storage: &Storage::default(),
        machine: &Machine::default(),
        deadline: Deadline::after(Duration::from_secs(30)),
        report: &report(),
    };
    let task = PhotoTask::from_notification(Ok(object), &Arc::new(options));
    match pipeline.process_all(vec![task], Order::Any).await.remove(0) {
        Ok(Outcome::Processed(processed)) => json!(processed),
        Ok(Outcome::Skipped(reason)) => json!(reason),
        Err(error) => json!(error.name()),
    }
}

#[tokio::test]
async fn photo_is_moved_if_its_answer_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("b");
    fs::create_dir_all(bucket.join("rejected")).unwrap();
    for (key, pixels) in [("bad.png", 1), ("good.png", 3), ("rejected/old.png", 3)] {
        fs::write(bucket.join(key), png(pixels, 0)).unwrap();
    }
    let options = || Options::new(SorterOptions::default());
    let url = |key: &str| format!("file://{}/b/{key}", folder.path().display());
    let bad = sort(folder.path(), "bad.png", options()).await;
    assert_eq!(
        (&bad["moved"], &bad["rejected"]),
        (&json!(url("rejected/bad.png")), &json!(true))
    );
    // Pictures of the same name have their extension in it.
    assert_eq!(bad["small.jpg"], url("out/bad.png_small.jpg"));
    assert_eq!(bad["small.png"], url("out/bad.png_small.png"));
    assert!(bucket.join("rejected/bad.png").is_file() && !bucket.join("bad.png").exists());
    let good = sort(folder.path(), "good.png", options()).await;
    assert_eq!(good.get("moved"), None);
    assert!(bucket.join("good.png").is_file());
    let moved = sort(folder.path(), "rejected/old.png", options()).await;
    assert_eq!(moved, "it was written by this function");

    let mut in_place = options();
    in_place.own.destination = KeyPattern::parse("{key}").unwrap();
    assert_eq!(sort(folder.path(), "good.png", in_place).await, "InvalidOption");
    let mut same_keys = options();
    same_keys.common.output.key_pattern = KeyPattern::parse("out/{key}").unwrap();
    assert_eq!(sort(folder.path(), "good.png", same_keys).await, "InvalidOption");
}

//! Photos that are moved, and several pictures of one photo.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::options::{FunctionOptions, KeyPattern};
use crate::request::PhotoRequest;

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

fn object(key: &str) -> Object {
    Object {
        bucket: "b".to_owned(),
        key: key.to_owned(),
        version_id: None,
    }
}

/// The outcomes of tasks, each as JSON, or the error or the reason why it is skipped.
async fn sort_all(tasks: Vec<PhotoTask<SorterOptions>>, order: Order) -> Vec<Value> {
    let pipeline = Pipeline {
        processor: &Arc::new(Sorter),
        blocking_work: &BlockingWork::default(),
        processing_queue: &ProcessingQueue::new(1, None),
        memory_budget: &MemoryBudget::new(u64::MAX),
        storage: &Storage::default(),
        machine: &Machine::default(),
        deadline: Deadline::after(Duration::from_secs(30)),
        report: &report(),
    };
    let results = pipeline.process_all(tasks, order).await;
    let shown = results.into_iter().map(|result| match result {
        Ok(Outcome::Processed(processed)) => json!(processed),
        Ok(Outcome::Skipped(reason)) => json!(reason),
        Err(error) => json!(error.name()),
    });
    shown.collect()
}

fn options_in(folder: &Path) -> Options<SorterOptions> {
    let mut options = Options::new(SorterOptions::default());
    options.common.storage = folder_storage(folder);
    options
}

/// The outcome for an object, of which S3 notifies.
async fn sort(key: &str, options: Options<SorterOptions>) -> Value {
    let task = PhotoTask::from_notification(Ok(object(key)), &Arc::new(options));
    sort_all(vec![task], Order::Any).await.remove(0)
}

#[tokio::test]
async fn photo_is_moved_if_its_answer_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("b");
    fs::create_dir_all(bucket.join("rejected")).unwrap();
    for (key, pixels) in [("bad.png", 1), ("good.png", 3), ("rejected/old.png", 3)] {
        fs::write(bucket.join(key), png(pixels, 0)).unwrap();
    }
    let options = || options_in(folder.path());
    let url = |key: &str| format!("file://{}/b/{key}", folder.path().display());
    let bad = sort("bad.png", options()).await;
    assert_eq!(
        (&bad["moved"], &bad["rejected"]),
        (&json!(url("rejected/bad.png")), &json!(true))
    );
    // Pictures of the same name have their extension in it.
    assert_eq!(bad["small.jpg"], url("out/bad.png_small.jpg"));
    assert_eq!(bad["small.png"], url("out/bad.png_small.png"));
    assert!(bucket.join("rejected/bad.png").is_file() && !bucket.join("bad.png").exists());
    let good = sort("good.png", options()).await;
    assert_eq!(good.get("moved"), None);
    assert!(bucket.join("good.png").is_file());
    let moved = sort("rejected/old.png", options()).await;
    assert_eq!(moved, "it was written by this function");

    for destination in ["{key}", "{key}{extension}", "{key}.png", "{name}/{key}"] {
        let mut invalid = options();
        invalid.own.destination = KeyPattern::parse(destination).unwrap();
        fs::write(bucket.join("bad.png"), png(1, 0)).unwrap();
        assert_eq!(sort("bad.png", invalid).await, "InvalidOption", "{destination}");
        assert!(bucket.join("bad.png").is_file(), "{destination}");
    }
    let mut same_keys = options();
    same_keys.common.output.key_pattern = KeyPattern::parse("out/{key}").unwrap();
    assert_eq!(sort("good.png", same_keys).await, "InvalidOption");
}

#[tokio::test]
async fn photo_that_was_moved_is_skipped_when_it_is_notified_of_again() {
    for order in [Order::Any, Order::Strict] {
        let folder = tempfile::tempdir().unwrap();
        let bucket = folder.path().join("b");
        fs::create_dir_all(&bucket).unwrap();
        fs::write(bucket.join("bad.png"), png(1, 0)).unwrap();
        let options = Arc::new(options_in(folder.path()));
        let tasks = || [(); 2].map(|()| PhotoTask::from_notification(Ok(object("bad.png")), &options));
        for attempt in 0..2 {
            let results = sort_all(tasks().into(), order).await;
            let is_error = |result: &&Value| result.is_string() && *result != "it was moved by this function";
            let failed = results.iter().find(is_error);
            assert!(failed.is_none(), "{order:?}, attempt {attempt}: {results:?}");
        }
        assert!(bucket.join("rejected/bad.png").is_file() && !bucket.join("bad.png").exists());
        let missing = sort("other.png", options_in(folder.path())).await;
        assert_eq!(missing, "ObjectNotFound");
    }
}

#[tokio::test]
async fn photo_that_is_requested_by_its_key_is_processed_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("b");
    fs::create_dir_all(bucket.join("rejected")).unwrap();
    fs::write(bucket.join("rejected/bad.png"), png(1, 0)).unwrap();
    let options = Arc::new(options_in(folder.path()));
    let task = |key: &str| {
        let photo = PhotoRequest {
            is_direct: true,
            ..object(key).into()
        };
        PhotoTask::new(photo, Arc::clone(&options))
    };
    let tasks = vec![task("rejected/bad.png"), task("bad.png")];
    let results = sort_all(tasks, Order::Any).await;
    assert_eq!((&results[0]["rejected"], results[0].get("moved")), (&json!(true), None));
    // It has no other answer.
    assert_eq!(results[1], "ObjectNotFound");
    assert!(bucket.join("rejected/bad.png").is_file());
}

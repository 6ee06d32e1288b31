//! Concurrent photos, and photos that take too long.

mod events;
mod moves;

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use super::*;
use crate::log::Log;
use crate::options::OutputFiles;
use crate::photo::{Header, PhotoError};
use crate::picture::PictureFile;
use crate::processor::{StepTimes, Task};
use crate::request::Object;
use crate::response::tests::Things;
use crate::storage::tests::fake_s3::FakeS3;
use crate::storage::tests::{folder_storage, storage_at};
use crate::texts::Texts;

/// Finds nothing: after `first` in a photo of one pixel, never in one of two pixels, and at once in others; panics on
/// four.
struct SlowProcessor {
    first: Duration,
    honours_deadline: bool,
    stop: AtomicBool,
}

impl Processor for SlowProcessor {
    type Options = ();
    type Answer = Things;

    fn process(&self, _: &[u8], header: &Header, task: &Task<()>) -> Result<Processed<Things>, PhotoError> {
        if header.pixels() == 1 {
            sleep(self.first);
        }
        while header.pixels() == 2 && !self.stop.load(Ordering::Relaxed) {
            if self.honours_deadline {
                task.limits.check_time()?;
            }
            sleep(Duration::from_millis(1));
        }
        assert_ne!(header.pixels(), 4, "simulated");
        Ok(nothing_found(header))
    }
}

fn nothing_found(header: &Header) -> Processed<Things> {
    let picture = PictureFile {
        name: "annotated".into(),
        format: PictureFormat::JPEG,
        content: Ok(Bytes::from_static(&[1])),
    };
    Processed {
        width: header.width,
        height: header.height,
        answer: Things::new(0),
        pictures: vec![picture],
        times: StepTimes::default(),
    }
}

fn report() -> Report {
    Report::new::<Things>(Log::new(String::new(), None), Texts::DEFAULT)
}

/// A PNG file of `pixels`x1 pixels, with another chunk of `bytes` bytes.
pub fn png(pixels: u32, bytes: u32) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend(pixels.to_be_bytes());
    png.extend(b"\0\0\0\x01\x08\x02\0\0\0\0\0\0\0");
    png.extend(bytes.to_be_bytes());
    png.extend(b"teXt");
    png.resize(png.len() + bytes as usize, 0);
    png.extend(b"\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82");
    png
}

fn task(key: &str, options: &Arc<Options<()>>) -> PhotoTask<()> {
    let object = Object {
        bucket: "b".to_owned(),
        key: key.to_owned(),
        version_id: None,
    };
    PhotoTask::from_notification(Ok(object), options)
}

/// The results of photos of `pixels` pixels each, with `time` until the deadline.
async fn process_photos(
    processor: &Arc<SlowProcessor>,
    pixels: &[u32],
    time: Duration,
    work: &BlockingWork,
    order: Order,
) -> Vec<PhotoResult<Things>> {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("b");
    fs::create_dir(&bucket).unwrap();
    let mut options = Options::new(());
    options.common.storage = folder_storage(folder.path());
    let options = Arc::new(options);
    let task = |(index, pixels): (usize, &u32)| {
        let key = index.to_string();
        fs::write(bucket.join(&key), png(*pixels, 0)).unwrap();
        task(&key, &options)
    };
    let tasks = pixels.iter().enumerate().map(task).collect();
    let pipeline = Pipeline {
        processor,
        blocking_work: work,
        processing_queue: &ProcessingQueue::new(1, None),
        memory_budget: &MemoryBudget::new(u64::MAX),
        storage: &Storage::default(),
        machine: &Machine::default(),
        deadline: Deadline::after(time),
        report: &report(),
    };
    pipeline.process_all(tasks, order).await
}

fn slow_processor(first: Duration, honours_deadline: bool) -> Arc<SlowProcessor> {
    Arc::new(SlowProcessor {
        first,
        honours_deadline,
        stop: AtomicBool::new(false),
    })
}

/// Waits until no work of ended events is running: it would delay the next event.
async fn wait_until_idle(work: &BlockingWork) {
    let idle = tokio::time::timeout(Duration::from_secs(10), async {
        work.abandoned().wait_for(Vec::is_empty).await.map(|_| ())
    });
    idle.await.expect("a detection is still running").unwrap();
}

#[tokio::test]
async fn a_photo_that_uses_all_the_time_is_too_slow_and_waiting_ones_are_temporary() {
    let work = BlockingWork::default();
    let processor = slow_processor(Duration::ZERO, true);
    let time = Duration::from_secs(2);
    let results = process_photos(&processor, &[2, 2], time, &work, Order::Any).await;
    let errors = results.iter().map(|result| result.as_ref().unwrap_err());
    let mut errors: Vec<_> = errors.map(|error| (error.name(), error.is_temporary())).collect();
    errors.sort_unstable();
    assert_eq!(errors, [("OutOfTime", true), ("PhotoTooSlow", false)]);
    wait_until_idle(&work).await;
}

#[tokio::test]
async fn a_photo_left_too_little_time_by_others_may_be_retried() {
    let work = BlockingWork::default();
    let processor = slow_processor(Duration::from_secs(1), true);
    let results = process_photos(&processor, &[1, 2], Duration::from_secs(2), &work, Order::Strict).await;
    assert!(results[0].is_ok(), "{results:?}");
    let error = results[1].as_ref().unwrap_err();
    assert_eq!((error.name(), error.is_temporary()), ("OutOfTime", true));
    wait_until_idle(&work).await;
}

#[tokio::test]
async fn an_unstoppable_detection_leaves_the_queue_busy() {
    let work = BlockingWork::default();
    let processor = slow_processor(Duration::ZERO, false);
    let start = Instant::now();
    let results = process_photos(&processor, &[2], Duration::from_secs(1), &work, Order::Any).await;
    assert!(start.elapsed() < Duration::from_secs(5));
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.name(), "PhotoTooSlow");
    let abandoned = work.abandoned();
    assert_eq!(*abandoned.borrow(), [""]);
    processor.stop.store(true, Ordering::Relaxed);
    wait_until_idle(&work).await;
}

#[tokio::test]
async fn a_panic_fails_only_its_photo() {
    let work = BlockingWork::default();
    let processor = slow_processor(Duration::ZERO, true);
    let results = process_photos(&processor, &[4, 3], Duration::from_secs(30), &work, Order::Any).await;
    assert_eq!(results[0].as_ref().unwrap_err().name(), "OpenCvFailed");
    assert!(results[1].is_ok(), "{results:?}");
    wait_until_idle(&work).await;
}

/// Finishes each photo only when the next one was requested from the storage and the ones before were uploaded.
struct OverlapChecker {
    s3: FakeS3,
    photos: usize,
    finished: Mutex<usize>,
}

impl Processor for OverlapChecker {
    type Options = ();
    type Answer = Things;

    fn process(&self, _: &[u8], header: &Header, task: &Task<()>) -> Result<Processed<Things>, PhotoError> {
        let mut finished = self.finished.lock().unwrap();
        let request_count = |method: &str| {
            let requests = self.s3.requests();
            let lines = requests.iter().filter(|(_, line)| line.starts_with(method));
            lines.count()
        };
        while request_count("GET") < self.photos.min(*finished + 2) || request_count("PUT") < *finished {
            task.limits.check_time()?;
            sleep(Duration::from_millis(1));
        }
        *finished += 1;
        Ok(nothing_found(header))
    }
}

/// The results of six photos of `bytes` bytes each, with `memory` megabytes.
async fn process_six(memory: u64, bytes: u32, order: Order) -> Vec<PhotoResult<Things>> {
    let photos = 6;
    let machine = Machine::with_memory(memory);
    let s3 = FakeS3::start(move |_| png(2, bytes));
    let options = Arc::new(Options::new(()));
    let pipeline = Pipeline {
        storage: &storage_at(&s3.url),
        blocking_work: &BlockingWork::default(),
        processing_queue: &ProcessingQueue::new(1, None),
        memory_budget: &MemoryBudget::new(machine.file_budget()),
        processor: &Arc::new(OverlapChecker {
            s3,
            photos,
            finished: Mutex::new(0),
        }),
        machine: &machine,
        deadline: Deadline::after(Duration::from_secs(30)),
        report: &report(),
    };
    let tasks = (0..photos).map(|key| task(&key.to_string(), &options));
    pipeline.process_all(tasks.collect(), order).await
}

#[tokio::test]
async fn downloads_and_uploads_overlap_with_detection() {
    for memory in [128, 10240] {
        for order in [Order::Any, Order::Strict] {
            let results = process_six(memory, 1000, order).await;
            let failed = results.iter().find(|result| result.is_err());
            assert!(failed.is_none(), "{memory} {order:?}: {failed:?}");
        }
    }
}

#[tokio::test]
async fn files_over_the_memory_budget_are_processed_one_by_one() {
    for order in [Order::Any, Order::Strict] {
        let results = process_six(64, 3 << 20, order).await;
        let failed = results.iter().find(|result| result.is_err());
        assert!(failed.is_none(), "{order:?}: {failed:?}");
    }
}

#[tokio::test]
async fn impossible_outputs_are_refused_before_any_request() {
    let s3 = FakeS3::start(|_| png(3, 0));
    let processor = slow_processor(Duration::ZERO, true);
    let pipeline = Pipeline {
        processor: &processor,
        blocking_work: &BlockingWork::default(),
        processing_queue: &ProcessingQueue::new(1, None),
        memory_budget: &MemoryBudget::new(u64::MAX),
        storage: &storage_at(&s3.url),
        machine: &Machine::default(),
        deadline: Deadline::after(Duration::from_secs(30)),
        report: &report(),
    };
    // `_output.jpg` makes it 1,024 bytes long, `_output.json` longer.
    let key = "k".repeat(1013);
    for (files, bucket, requests) in [
        (OutputFiles::Both, "b", 0),
        (OutputFiles::Sidecar, "b", 0),
        (OutputFiles::Annotated, "no bucket", 0),
        (OutputFiles::Annotated, "b", 2),
    ] {
        let mut options = Options::new(());
        options.common.output.files = files;
        options.common.output.bucket = Some(bucket.to_owned());
        let tasks = vec![task(&key, &Arc::new(options))];
        let result = pipeline.process_all(tasks, Order::Any).await.remove(0);
        let error = result.err().map(|error| error.name());
        assert_eq!(error, (requests == 0).then_some("InvalidRequest"), "{files} {bucket}");
        assert_eq!(s3.requests().len(), requests, "{files} {bucket}");
    }
}

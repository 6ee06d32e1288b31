//! Photos beside one another, and photos that take too long.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;

use super::*;
use crate::log::Log;
use crate::options::Preset;
use crate::photo::Failure;
use crate::storage::tests::site::Site;
use crate::storage::tests::{place, storage};
use crate::vision::Times;

/// Sees nothing: at once, or in a photo of one pixel for so long, and in one of two pixels for ever.
struct Slow {
    first: Duration,
    /// Whether it heeds the end of its time.
    heeds: bool,
    stop: AtomicBool,
}

impl Vision for Slow {
    fn look(&self, _: &[u8], header: &Header, task: &Task) -> Result<Seen, Failure> {
        if header.pixels() == 1 {
            sleep(self.first);
        }
        while header.pixels() == 2 && !self.stop.load(Ordering::Relaxed) {
            if self.heeds {
                task.watch.time()?;
            }
            sleep(Duration::from_millis(1));
        }
        assert_ne!(header.pixels(), 4, "as a test does it");
        Ok(Seen {
            width: header.width,
            height: header.height,
            faces: Vec::new(),
            annotated: Some(Ok(vec![1].into())),
            times: Times::default(),
        })
    }
}

/// A PNG file of so many pixels, with so many bytes of something else in it.
fn png(pixels: u32, bytes: u32) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend(pixels.to_be_bytes());
    png.extend(b"\0\0\0\x01\x08\x02\0\0\0\0\0\0\0");
    png.extend(bytes.to_be_bytes());
    png.extend(b"teXt");
    png.resize(png.len() + bytes as usize, 0);
    png.extend(b"\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82");
    png
}

fn job(key: &str, options: &Arc<Options>) -> Job {
    let object = Object {
        bucket: "b".to_owned(),
        key: key.to_owned(),
        version: None,
    };
    Job::told(Ok(object), options)
}

/// What became of photos of so many pixels, with so much time.
async fn photos(
    vision: &Arc<Slow>,
    pixels: &[u32],
    time: Duration,
    looks: &Arc<Looks>,
    order: Order,
) -> Vec<answer::Result> {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("b");
    fs::create_dir(&bucket).unwrap();
    let mut options = Preset::Balanced.options();
    options.storage = place(folder.path());
    let options = Arc::new(options);
    let job = |(place, pixels): (usize, &u32)| {
        let key = place.to_string();
        fs::write(bucket.join(&key), png(*pixels, 0)).unwrap();
        job(&key, &options)
    };
    let jobs = pixels.iter().enumerate().map(job).collect();
    let pipeline = Pipeline {
        vision,
        looks,
        storage: &Storage::default(),
        machine: &Machine::default(),
        deadline: Deadline::after(time),
        report: &Report::new(Log::new(String::new(), None)),
    };
    pipeline.all(jobs, order).await
}

fn slow(first: Duration, heeds: bool) -> Arc<Slow> {
    Arc::new(Slow {
        first,
        heeds,
        stop: AtomicBool::new(false),
    })
}

/// Waits until no look goes on.
async fn ended(looks: &Looks) {
    let start = Instant::now();
    while looks.go_on() {
        assert!(start.elapsed() < Duration::from_secs(10), "a look goes on");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_photo_that_had_all_the_time_is_too_slow_and_those_that_it_kept_waiting_are_not() {
    let looks = Arc::default();
    let vision = slow(Duration::ZERO, true);
    let time = Duration::from_secs(2);
    let results = photos(&vision, &[2, 2], time, &looks, Order::Any).await;
    let errors = results.iter().map(|result| result.as_ref().unwrap_err());
    let mut errors: Vec<_> = errors
        .map(|error| (error.name(), error.is_temporary()))
        .collect();
    errors.sort_unstable();
    assert_eq!(errors, [("OutOfTime", true), ("PhotoTooSlow", false)]);
    // Nothing goes on that nobody waits for: it would be in the next event's way.
    ended(&looks).await;
}

#[tokio::test]
async fn a_photo_that_others_left_too_little_time_may_come_again() {
    let looks = Arc::default();
    let vision = slow(Duration::from_secs(1), true);
    let results = photos(
        &vision,
        &[1, 2],
        Duration::from_secs(2),
        &looks,
        Order::Strict,
    )
    .await;
    assert!(results[0].is_ok(), "{results:?}");
    let error = results[1].as_ref().unwrap_err();
    assert_eq!((error.name(), error.is_temporary()), ("OutOfTime", true));
    ended(&looks).await;
}

#[tokio::test]
async fn a_look_that_cannot_be_stopped_is_known_to_go_on_after_the_answer() {
    let looks = Arc::default();
    let vision = slow(Duration::ZERO, false);
    let start = Instant::now();
    let results = photos(&vision, &[2], Duration::from_secs(1), &looks, Order::Any).await;
    assert!(start.elapsed() < Duration::from_secs(5));
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.name(), "PhotoTooSlow");
    assert!(looks.go_on());
    vision.stop.store(true, Ordering::Relaxed);
    ended(&looks).await;
}

#[tokio::test]
async fn a_panic_over_a_photo_is_that_photos_failure() {
    let looks = Arc::default();
    let vision = slow(Duration::ZERO, true);
    let results = photos(
        &vision,
        &[4, 3],
        Duration::from_secs(30),
        &looks,
        Order::Any,
    )
    .await;
    assert_eq!(results[0].as_ref().unwrap_err().name(), "OpenCvFailed");
    assert!(results[1].is_ok(), "{results:?}");
    ended(&looks).await;
}

/// Looks at one photo after another, and is done with each only when the storage was asked for the next
/// and has those before.
struct Demanding {
    site: Site,
    photos: usize,
    looks: Mutex<usize>,
}

impl Vision for Demanding {
    fn look(&self, _: &[u8], header: &Header, task: &Task) -> Result<Seen, Failure> {
        let mut looks = self.looks.lock().unwrap();
        let asked = |method: &str| {
            let asked = self.site.asked();
            let lines = asked.iter().filter(|(_, line)| line.starts_with(method));
            lines.count()
        };
        while asked("GET") < self.photos.min(*looks + 2) || asked("PUT") < *looks {
            task.watch.time()?;
            sleep(Duration::from_millis(1));
        }
        *looks += 1;
        Ok(Seen {
            width: header.width,
            height: header.height,
            faces: Vec::new(),
            annotated: Some(Ok(Bytes::from_static(&[1]))),
            times: Times::default(),
        })
    }
}

/// What becomes of six photos of that many bytes on a machine with that much memory.
async fn six(memory: &str, bytes: u32, order: Order) -> Vec<answer::Result> {
    let photos = 6;
    let site = Site::start(move |_| png(2, bytes));
    let options = Arc::new(Preset::Balanced.options());
    let pipeline = Pipeline {
        storage: &storage(&site.url),
        looks: &Arc::default(),
        vision: &Arc::new(Demanding {
            site,
            photos,
            looks: Mutex::new(0),
        }),
        machine: &Machine::of(Some(memory)),
        deadline: Deadline::after(Duration::from_secs(30)),
        report: &Report::new(Log::new(String::new(), None)),
    };
    let jobs = (0..photos).map(|key| job(&key.to_string(), &options));
    pipeline.all(jobs.collect(), order).await
}

#[tokio::test]
async fn while_one_is_looked_at_the_next_one_comes_and_the_last_one_goes() {
    for memory in ["128", "10240"] {
        for order in [Order::Any, Order::Strict] {
            let results = six(memory, 1000, order).await;
            let failed = results.iter().find(|result| result.is_err());
            assert!(failed.is_none(), "{memory} {order:?}: {failed:?}");
        }
    }
}

#[tokio::test]
async fn files_that_have_no_room_beside_each_other_come_one_after_another() {
    for order in [Order::Any, Order::Strict] {
        let results = six("64", 3 << 20, order).await;
        let failed = results.iter().find(|result| result.is_err());
        assert!(failed.is_none(), "{order:?}: {failed:?}");
    }
}

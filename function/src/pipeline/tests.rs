//! Photos beside one another, and photos that take too long.

use std::fs;
use std::sync::Mutex;
use std::thread::sleep;

use super::*;
use crate::log::Log;
use crate::options::{Location, Place, Preset};
use crate::storage::tests::site::Site;
use crate::storage::tests::storage;
use crate::vision::{Failure, Times};

/// Sees nothing, at once, but for a photo of one pixel: that takes until another one was written or
/// its time is over.
struct Slow {
    wait_for: Option<std::path::PathBuf>,
}

impl Vision for Slow {
    fn look(&self, _: &[u8], header: &Header, task: &Task) -> Result<Seen, Failure> {
        if header.pixels() == 1 {
            while self.wait_for.as_ref().is_none_or(|path| !path.exists()) {
                task.check()?;
                sleep(Duration::from_millis(1));
            }
        }
        Ok(Seen {
            width: header.width,
            height: header.height,
            faces: Vec::new(),
            annotated: Some(vec![1].into()),
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

/// Two photos, of one pixel and of two, with so much time, and what became of each.
async fn two(wait: bool, time: Duration) -> Vec<answer::Result> {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("b");
    fs::create_dir(&bucket).unwrap();
    let mut options = Preset::Balanced.options();
    options.storage = Place::from(Location::Folder(folder.path().to_owned()));
    let options = Arc::new(options);
    let job = |key: &str| {
        fs::write(bucket.join(key), png(key.parse().unwrap(), 0)).unwrap();
        job(key, &options)
    };
    let jobs = vec![job("1"), job("2")];
    let vision = Arc::new(Slow {
        wait_for: wait.then(|| bucket.join("2_rs.jpg")),
    });
    let report = Report::new(Log::new(String::new(), None));
    let pipeline = Pipeline {
        vision: &vision,
        storage: &Storage::default(),
        machine: &Machine::default(),
        deadline: Deadline::after(time),
        report: &report,
    };
    let results = pipeline.all(jobs, Order::Any).await;
    // Nothing goes on that nobody waits for: it would be in the next event's way.
    let start = Instant::now();
    while Arc::strong_count(&vision) > 1 {
        assert!(start.elapsed() < Duration::from_secs(10), "a look goes on");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    results
}

#[tokio::test]
async fn one_comes_and_goes_while_another_is_looked_at() {
    let results = two(true, Duration::from_secs(30)).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

#[tokio::test]
async fn a_photo_that_takes_too_long_is_given_up() {
    let results = two(false, Duration::from_secs(2)).await;
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.name(), "OutOfTime");
    assert!(error.is_temporary());
    assert!(results[1].is_ok(), "{results:?}");
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
            task.check()?;
            sleep(Duration::from_millis(1));
        }
        *looks += 1;
        Ok(Seen {
            width: header.width,
            height: header.height,
            faces: Vec::new(),
            annotated: Some(Bytes::from_static(&[1])),
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

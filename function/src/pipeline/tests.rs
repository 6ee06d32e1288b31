//! Photos beside one another, and photos that take too long.

use std::fs;
use std::thread::sleep;

use super::*;
use crate::log::Log;
use crate::options::{Location, Preset};
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
            annotated: Some(vec![1]),
            times: Times::default(),
        })
    }
}

/// Two photos, of one pixel and of two, with so much time, and what became of each.
async fn two(wait: bool, time: Duration) -> Vec<answer::Result> {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("b");
    fs::create_dir(&bucket).unwrap();
    let mut options = Preset::Balanced.options();
    options.storage = Location::Folder(folder.path().to_owned());
    let options = Arc::new(options);
    let job = |key: &str| {
        let width = key.parse::<u32>().unwrap().to_be_bytes();
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        png.extend(width);
        png.extend(b"\0\0\0\x01\x08\x02\0\0\0\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82");
        fs::write(bucket.join(key), png).unwrap();
        let object = Object {
            bucket: "b".to_owned(),
            key: key.to_owned(),
            version: None,
        };
        Job::told(Ok(object), &options)
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

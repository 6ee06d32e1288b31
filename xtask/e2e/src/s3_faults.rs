//! An S3 behind a network with faults: answers come late, cut off, not at all or as something else,
//! lengths and `ETag`s are lies. No event is answered wrongly by that: a photo is looked at whole or
//! not at all, and so is what is written. What a try again mends is mended before the time is over.

mod event_type;
mod plan;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use image::DynamicImage;
use image::imageops::crop_imm;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde_json::{Value, json};
use support::progress::print_status;

use self::event_type::{EventType, Reported};
use self::plan::{FaultPlan, KINDS, fault};
use super::fault_proxy::{Fault, Proxy};
use super::photo_variants::{self, jpeg};
use super::promises;
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use local::s3::S3Server;
use package::workspace::Workspace;
use support::process::lock_ignoring_poison;

const PROMISE: &str = "no fault of S3 or the network has an event answered wrongly";
const BUCKET: &str = "photos";
/// The function's time limit in seconds.
const TIMEOUT_SECONDS: u64 = 8;
/// How many events, and how many with `--slow`.
const EVENTS: (usize, usize) = (120, 400);

/// Posts events while faults come.
pub fn test(
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    (slow, seed): (bool, u64),
) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let storage = S3Server::start(folder.path())?;
    storage.create_bucket(BUCKET)?;
    let proxy = Proxy::start(storage.endpoint().trim_start_matches("http://"))?;
    let (endpoint, limit) = (
        format!("http://{}", proxy.address()),
        TIMEOUT_SECONDS.to_string(),
    );
    let environment = [
        ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", limit.as_str()),
        ("FACE_DETECT_PRESET", "original"),
    ];
    let lambda = LocalLambda::start(workspace, (sdk, binary), Engine::None, &environment)?;
    let fixture = FaultFixture {
        lambda: &lambda,
        storage: &storage,
        proxy: &proxy,
        photos: photos(sdk)?,
    };
    let expected = fixture.expected_without_faults()?;
    print_status(&format!("seed {seed}"));
    let mut random = fastrand::Rng::with_seed(seed);
    let events = if slow { EVENTS.1 } else { EVENTS.0 };
    let (mut wrong, mut recovered) = (Vec::new(), 0);
    let start = Instant::now();
    for number in 0..events {
        let plan = FaultPlan::new(&mut random);
        let checked = fixture.post_event(number, &plan, &expected, &mut random);
        match checked {
            Ok(succeeded) => recovered += usize::from(succeeded),
            Err(error) => wrong.push(format!("event {number} with {plan:?}: {error:#}")),
        }
    }
    fixture.proxy.set_faults(|_| Fault::Pass);
    // What was sent when its answer was lost may have been written later.
    for key in storage.keys(BUCKET)? {
        if let Err(error) = fixture.check_annotated(&key, &expected) {
            wrong.push(format!("{error:#}"));
        }
    }
    let starts = lambda.emulator.start_count();
    if starts != 1 {
        wrong.push(format!("the function was started {starts} times"));
    }
    print_status(&format!(
        "{events} events in {} s, {recovered} of them with all photos done in spite of their faults",
        start.elapsed().as_secs()
    ));
    let how = format!(
        "a proxy before S3, {} kinds of faults on GET and PUT",
        KINDS.len()
    );
    promises::record(PROMISE, how, events, wrong.len());
    ensure!(
        wrong.is_empty(),
        "{} of {events} events with seed {seed}:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
    Ok(())
}

/// Everything that takes part.
struct FaultFixture<'a> {
    lambda: &'a LocalLambda,
    storage: &'a S3Server,
    proxy: &'a Proxy,
    photos: BTreeMap<&'static str, Photo>,
}

/// A photo in the storage.
struct Photo {
    file: Vec<u8>,
    /// Its own error, if it is a bad one.
    error: Option<&'static str>,
}

/// What comes of a photo without faults: the faces and the annotated photo.
type Expected = BTreeMap<&'static str, (Value, Vec<u8>)>;

fn photos(sdk: &Sdk) -> Result<BTreeMap<&'static str, Photo>> {
    let photo = image::open(sdk.path().join("share/samples/lena.jpg"))?.to_rgb8();
    let face = DynamicImage::ImageRgb8(crop_imm(&photo, 180, 150, 250, 260).to_image());
    let small = jpeg(&face, |_| Ok(()))?;
    let mut half = small.clone();
    half.truncate(small.len() / 2);
    let large = crop_imm(&photo, 150, 120, 300, 300).to_image();
    let large = photo_variants::encode(&DynamicImage::ImageRgb8(large), image::ImageFormat::Png)?;
    let good = |file| Photo { file, error: None };
    let bad = |file, error| Photo {
        file,
        error: Some(error),
    };
    Ok(BTreeMap::from([
        ("small.jpg", good(small)),
        ("large.png", good(large)),
        ("half.jpg", bad(half, "PhotoTruncated")),
        ("text.jpg", bad(b"no photo".to_vec(), "NotAnImage")),
        ("absent.jpg", bad(Vec::new(), "ObjectNotFound")),
    ]))
}

impl FaultFixture<'_> {
    fn expected_without_faults(&self) -> Result<Expected> {
        let mut expected = Expected::new();
        for (name, photo) in &self.photos {
            if photo.error.is_some() {
                continue;
            }
            self.storage.write(BUCKET, name, &photo.file)?;
            let response = self
                .lambda
                .invoke(&json!({"BUCKET_NAME": BUCKET, "S3_KEY": name}))?;
            let faces = response.pointer("/body/faces").cloned();
            let faces = faces.with_context(|| format!("`{name}` is answered by {response}"))?;
            let annotated = self.storage.get(BUCKET, &format!("{name}_rs.jpg"))?;
            expected.insert(name, (faces, annotated));
        }
        Ok(expected)
    }

    /// Posts an event of one to three photos; whether all were done.
    fn post_event(
        &self,
        number: usize,
        plan: &FaultPlan,
        expected: &Expected,
        random: &mut fastrand::Rng,
    ) -> Result<bool> {
        let names: Vec<&'static str> = self.photos.keys().copied().collect();
        let event_type = EventType::ALL[random.usize(0..EventType::ALL.len())];
        let count = match event_type {
            EventType::Direct => 1,
            EventType::Job | EventType::Queue => random.usize(1..4),
        };
        let (mut photos, mut keys) = (Vec::new(), Vec::new());
        for place in 0..count {
            // Most are good ones.
            let good = random.u8(0..4) > 0;
            let fitting = names
                .iter()
                .filter(|name| expected.contains_key(*name) == good);
            let fitting: Vec<_> = fitting.copied().collect();
            let name = fitting[random.usize(0..fitting.len())];
            let key = format!("{number}/{place}/{name}");
            if name != "absent.jpg" {
                self.storage.write(BUCKET, &key, &self.photos[name].file)?;
            }
            photos.push(name);
            keys.push(key);
        }
        let done = Arc::new(Mutex::new(Vec::new()));
        self.proxy.set_faults({
            let (plan, done) = (plan.clone(), Arc::clone(&done));
            let mut faults = plan.faults.into_iter();
            move |request| {
                let name = faults.next().unwrap_or_default();
                lock_ignoring_poison(&done).push(format!("{} {}", request.method, name));
                fault(name, request, plan.number)
            }
        });
        let start = Instant::now();
        let response = self.lambda.invoke(&event_type.event(BUCKET, &keys))?;
        let time = start.elapsed();
        ensure!(
            time < Duration::from_secs(TIMEOUT_SECONDS),
            "the answer took {} ms",
            time.as_millis()
        );
        let reported = event_type.reported(&response, &keys)?;
        let mut all = true;
        for ((name, key), reported) in photos.iter().zip(&keys).zip(&reported) {
            let right = self.matches_expected(name, key, reported, plan, expected);
            right.with_context(|| {
                format!(
                    "{name}, {reported:?}, requests {:?}",
                    lock_ignoring_poison(&done).as_slice()
                )
            })?;
            all &= !matches!(reported, Reported::Failed(..) | Reported::Redelivered);
            self.check_annotated(&format!("{key}_rs.jpg"), expected)?;
        }
        Ok(all && !plan.faults.is_empty())
    }

    fn matches_expected(
        &self,
        name: &str,
        key: &str,
        reported: &Reported,
        plan: &FaultPlan,
        expected: &Expected,
    ) -> Result<()> {
        let own = self.photos[name].error;
        let faces = match (reported, expected.get(name)) {
            (Reported::Faces(_) | Reported::FaceCount(_), None) => {
                bail!("a bad photo is said to be done")
            }
            (Reported::Acknowledged | Reported::Redelivered, None) => return Ok(()),
            (Reported::Faces(faces), Some((known, _))) => faces == known,
            (Reported::FaceCount(number), Some((known, _))) => {
                known.as_array().map(|faces| faces.len() as u64) == Some(*number)
            }
            (Reported::Acknowledged, Some(_)) => true,
            (Reported::Failed(error, _), _) if Some(error.as_str()) == own => return Ok(()),
            (Reported::Failed(..) | Reported::Redelivered, _) if plan.retry_succeeds => {
                bail!("trying again would have mended it")
            }
            (Reported::Redelivered, Some(_)) => return Ok(()),
            (Reported::Failed(error, temporary), _) => {
                ensure!(
                    ["StorageFailed", "OutOfTime"].contains(&error.as_str()),
                    "it is no fault of the photo"
                );
                ensure!(*temporary != Some(false), "it is said to be permanent");
                return Ok(());
            }
        };
        ensure!(faces, "other faces");
        let written = self.storage.get(BUCKET, &format!("{key}_rs.jpg"))?;
        let (_, annotated) = &expected[name];
        ensure!(written == *annotated, "another annotated photo was written");
        Ok(())
    }

    /// Refuses an annotated photo that is not whole.
    fn check_annotated(&self, key: &str, expected: &Expected) -> Result<()> {
        let Some(photo) = key.strip_suffix("_rs.jpg") else {
            return Ok(());
        };
        let name = photo.rsplit('/').next().unwrap_or_default();
        let Ok(content) = self.storage.get(BUCKET, key) else {
            return Ok(());
        };
        let whole = expected.get(name).is_some_and(|(_, file)| content == *file);
        ensure!(
            whole,
            "`{key}` has {} bytes that are no annotated photo",
            content.len()
        );
        Ok(())
    }
}

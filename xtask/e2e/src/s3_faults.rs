//! Runs the function with a proxy before S3 that injects faults: late, truncated, missing and invalid responses, wrong
//! lengths, `ETag`s and checksums. None of them leads to a wrong response: a photo is read completely or not at all,
//! and so is what is written. Faults that a retry can overcome are overcome within the function's time limit.

mod event_type;
mod plan;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use image::DynamicImage;
use image::imageops::crop_imm;
use opencv_build::Sdk;
use package::function::Function;
use serde_json::{Value, json};
use support::progress::print_status;

use self::event_type::{EventType, ReportedOutcome};
use self::plan::{FaultPlan, KINDS, fault};
use super::fault_proxy::{Fault, Proxy};
use super::photo_variants::{self, jpeg};
use super::promises;
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use local::s3::S3Server;
use package::workspace::Workspace;
use support::sync::lock_ignoring_poison;

const PROMISE: &str = "no fault of S3 or the network causes a wrong response";
const BUCKET: &str = "photos";
/// The function's time limit.
const TIMEOUT_SECONDS: u64 = 8;
/// The number of events, without and with `--slow`.
const EVENTS: (usize, usize) = (120, 400);

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function, (slow, seed): (bool, u64)) -> Result<()> {
    let storage = S3Server::start()?;
    storage.create_bucket(BUCKET)?;
    let proxy = Proxy::start(storage.endpoint().trim_start_matches("http://"))?;
    let (endpoint, limit) = (format!("http://{}", proxy.address()), TIMEOUT_SECONDS.to_string());
    let environment = [
        ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", limit.as_str()),
        ("FACE_DETECT_PRESET", "original"),
    ];
    let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, &environment)?;
    let fixture = FaultFixture {
        lambda: &lambda,
        storage: &storage,
        proxy: &proxy,
        photos: photos(function)?,
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
    // An upload whose response was lost may have been written later.
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
        "{events} events in {} s; in {recovered} of them, all photos succeeded despite faults",
        start.elapsed().as_secs()
    ));
    let how = format!("a proxy in front of S3, {} kinds of faults on GET and PUT", KINDS.len());
    promises::record(PROMISE, how, events, wrong.len());
    ensure!(
        wrong.is_empty(),
        "{} of {events} events with seed {seed}:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
    Ok(())
}

struct FaultFixture<'a> {
    lambda: &'a LocalLambda,
    storage: &'a S3Server,
    proxy: &'a Proxy,
    photos: BTreeMap<&'static str, Photo>,
}

struct Photo {
    file: Vec<u8>,
    /// The type of its error without faults, if it is invalid.
    error: Option<&'static str>,
}

/// The results without faults: faces and annotated photo.
type Expected = BTreeMap<&'static str, (Value, Vec<u8>)>;

fn photos(function: &Function) -> Result<BTreeMap<&'static str, Photo>> {
    let photo = image::open(function.package.sample_photo()?)?.to_rgb8();
    let face = DynamicImage::ImageRgb8(crop_imm(&photo, 100, 0, 250, 260).to_image());
    let small = jpeg(&face, |_| Ok(()))?;
    let mut half = small.clone();
    half.truncate(small.len() / 2);
    let large = crop_imm(&photo, 75, 0, 300, 300).to_image();
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
            let response = self.lambda.invoke(&json!({"BUCKET_NAME": BUCKET, "S3_KEY": name}))?;
            let faces = response.pointer("/body/faces").cloned();
            let faces = faces.with_context(|| format!("the response to `{name}` is {response}"))?;
            let annotated = self.storage.get(BUCKET, &format!("{name}_rs.jpg"))?;
            expected.insert(name, (faces, annotated));
        }
        Ok(expected)
    }

    /// Sends an event with one to three photos. Returns whether all photos succeeded although there were faults.
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
            EventType::S3Batch | EventType::Sqs => random.usize(1..4),
        };
        let (mut photos, mut keys) = (Vec::new(), Vec::new());
        for place in 0..count {
            // Three in four are valid.
            let good = random.u8(0..4) > 0;
            let fitting = names.iter().filter(|name| expected.contains_key(*name) == good);
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
            "the response took {} ms",
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
            all &= !matches!(reported, ReportedOutcome::Failed(..) | ReportedOutcome::Redelivered);
            self.check_annotated(&format!("{key}_rs.jpg"), expected)?;
        }
        Ok(all && !plan.faults.is_empty())
    }

    fn matches_expected(
        &self,
        name: &str,
        key: &str,
        reported: &ReportedOutcome,
        plan: &FaultPlan,
        expected: &Expected,
    ) -> Result<()> {
        let own = self.photos[name].error;
        let faces = match (reported, expected.get(name)) {
            (ReportedOutcome::Faces(_) | ReportedOutcome::FaceCount(_), None) => {
                bail!("an invalid photo is reported as a success")
            }
            (ReportedOutcome::Acknowledged | ReportedOutcome::Redelivered, None) => return Ok(()),
            (ReportedOutcome::Faces(faces), Some((known, _))) => faces == known,
            (ReportedOutcome::FaceCount(number), Some((known, _))) => {
                known.as_array().map(|faces| faces.len() as u64) == Some(*number)
            }
            (ReportedOutcome::Acknowledged, Some(_)) => true,
            (ReportedOutcome::Failed(error, _), _) if Some(error.as_str()) == own => return Ok(()),
            (ReportedOutcome::Failed(..) | ReportedOutcome::Redelivered, _) if plan.retry_succeeds => {
                bail!("a retry should have succeeded")
            }
            (ReportedOutcome::Redelivered, Some(_)) => return Ok(()),
            (ReportedOutcome::Failed(error, temporary), _) => {
                ensure!(
                    ["StorageFailed", "OutOfTime"].contains(&error.as_str()),
                    "the error is not one of the storage"
                );
                ensure!(*temporary != Some(false), "the error is reported as permanent");
                return Ok(());
            }
        };
        ensure!(faces, "the faces differ");
        let written = self.storage.get(BUCKET, &format!("{key}_rs.jpg"))?;
        let (_, annotated) = &expected[name];
        ensure!(written == *annotated, "the annotated photo differs");
        Ok(())
    }

    /// Fails if an annotated photo exists but is incomplete.
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
            "the {} bytes of `{key}` are not the annotated photo",
            content.len()
        );
        Ok(())
    }
}

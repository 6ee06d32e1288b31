//! An S3 behind a network with faults: answers come late, cut off, not at all or as something else,
//! lengths and `ETag`s are lies. No event is answered wrongly by that: a photo is looked at whole or
//! not at all, and so is what is written. What a try again mends is mended before the time is over.

mod plan;
mod shape;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use image::DynamicImage;
use image::imageops::crop_imm;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde_json::{Value, json};
use support::progress::tell;

use self::plan::{KINDS, Plan, fault};
use self::shape::{Shape, Told};
use super::promises;
use super::proxy::{Fault, Proxy};
use super::variants::{self, jpeg};
use local::engine::Engine;
use local::s3::S3Server;
use local::site::Site;
use package::workspace::Workspace;
use support::process::lock;

const PROMISE: &str = "no fault of S3 or the network has an event answered wrongly";
const BUCKET: &str = "photos";
/// The function's time limit in seconds.
const LIMIT: u64 = 8;
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
    let (endpoint, limit) = (format!("http://{}", proxy.address()), LIMIT.to_string());
    let environment = [
        ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", limit.as_str()),
        ("FACE_DETECT_PRESET", "original"),
    ];
    let site = Site::start(workspace, (sdk, binary), Engine::None, &environment)?;
    let scene = Scene {
        site: &site,
        storage: &storage,
        proxy: &proxy,
        photos: photos(sdk)?,
    };
    let expected = scene.without_faults()?;
    tell(&format!("seed {seed}"));
    let mut random = fastrand::Rng::with_seed(seed);
    let events = if slow { EVENTS.1 } else { EVENTS.0 };
    let (mut wrong, mut mended) = (Vec::new(), 0);
    let start = Instant::now();
    for number in 0..events {
        let plan = Plan::new(&mut random);
        let checked = scene.event(number, &plan, &expected, &mut random);
        match checked {
            Ok(succeeded) => mended += usize::from(succeeded),
            Err(error) => wrong.push(format!("event {number} with {plan:?}: {error:#}")),
        }
    }
    scene.proxy.set(|_| Fault::Pass);
    // What was sent when its answer was lost may have been written later.
    for key in storage.keys(BUCKET)? {
        if let Err(error) = scene.written(&key, &expected) {
            wrong.push(format!("{error:#}"));
        }
    }
    let starts = site.emulator.starts();
    if starts != 1 {
        wrong.push(format!("the function was started {starts} times"));
    }
    tell(&format!(
        "{events} events in {} s, {mended} of them with all photos done in spite of their faults",
        start.elapsed().as_secs()
    ));
    let how = format!(
        "a proxy before S3, {} kinds of faults on GET and PUT",
        KINDS.len()
    );
    promises::tried(PROMISE, how, events, wrong.len());
    ensure!(
        wrong.is_empty(),
        "{} of {events} events with seed {seed}:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
    Ok(())
}

/// Everything that takes part.
struct Scene<'a> {
    site: &'a Site,
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
    let large = variants::encoded(&DynamicImage::ImageRgb8(large), image::ImageFormat::Png)?;
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

impl Scene<'_> {
    fn without_faults(&self) -> Result<Expected> {
        let mut expected = Expected::new();
        for (name, photo) in &self.photos {
            if photo.error.is_some() {
                continue;
            }
            self.storage.write(BUCKET, name, &photo.file)?;
            let answer = self
                .site
                .invoke(&json!({"BUCKET_NAME": BUCKET, "S3_KEY": name}))?;
            let faces = answer.pointer("/body/faces").cloned();
            let faces = faces.with_context(|| format!("`{name}` is answered by {answer}"))?;
            let annotated = self.storage.get(BUCKET, &format!("{name}_rs.jpg"))?;
            expected.insert(name, (faces, annotated));
        }
        Ok(expected)
    }

    /// Posts an event of one to three photos; whether all were done.
    fn event(
        &self,
        number: usize,
        plan: &Plan,
        expected: &Expected,
        random: &mut fastrand::Rng,
    ) -> Result<bool> {
        let names: Vec<&'static str> = self.photos.keys().copied().collect();
        let shape = Shape::ALL[random.usize(0..Shape::ALL.len())];
        let count = match shape {
            Shape::Direct => 1,
            Shape::Job | Shape::Queue => random.usize(1..4),
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
        self.proxy.set({
            let (plan, done) = (plan.clone(), Arc::clone(&done));
            let mut faults = plan.faults.into_iter();
            move |request| {
                let name = faults.next().unwrap_or_default();
                lock(&done).push(format!("{} {}", request.method, name));
                fault(name, request, plan.number)
            }
        });
        let start = Instant::now();
        let answer = self.site.invoke(&shape.event(BUCKET, &keys))?;
        let time = start.elapsed();
        ensure!(
            time < Duration::from_secs(LIMIT),
            "the answer took {} ms",
            time.as_millis()
        );
        let told = shape.told(&answer, &keys)?;
        let mut all = true;
        for ((name, key), told) in photos.iter().zip(&keys).zip(&told) {
            let right = self.is_right(name, key, told, plan, expected);
            right.with_context(|| {
                format!("{name}, {told:?}, requests {:?}", lock(&done).as_slice())
            })?;
            all &= !matches!(told, Told::Failed(..) | Told::Kept);
            self.written(&format!("{key}_rs.jpg"), expected)?;
        }
        Ok(all && !plan.faults.is_empty())
    }

    fn is_right(
        &self,
        name: &str,
        key: &str,
        told: &Told,
        plan: &Plan,
        expected: &Expected,
    ) -> Result<()> {
        let own = self.photos[name].error;
        let faces = match (told, expected.get(name)) {
            (Told::Faces(_) | Told::Number(_), None) => bail!("a bad photo is said to be done"),
            (Told::Taken | Told::Kept, None) => return Ok(()),
            (Told::Faces(faces), Some((known, _))) => faces == known,
            (Told::Number(number), Some((known, _))) => {
                known.as_array().map(|faces| faces.len() as u64) == Some(*number)
            }
            (Told::Taken, Some(_)) => true,
            (Told::Failed(error, _), _) if Some(error.as_str()) == own => return Ok(()),
            (Told::Failed(..) | Told::Kept, _) if plan.mends => {
                bail!("trying again would have mended it")
            }
            (Told::Kept, Some(_)) => return Ok(()),
            (Told::Failed(error, temporary), _) => {
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
    fn written(&self, key: &str, expected: &Expected) -> Result<()> {
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

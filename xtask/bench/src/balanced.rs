//! Measures the preset `balanced` through S3 notifications, for which it is the default, against two functions in
//! Python: the one with cascades of OpenCV 4.5.5, and one with YuNet of OpenCV 4.14.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use support::median::median;
use support::progress::ProgressStep;

use super::context::{BenchContext, Repetitions};
use super::eval::face::{Face, rectangles, with_min_score};
use super::eval::score::{IOU_THRESHOLD, Rectangle, intersection_over_union};
use super::figures::{Group, Unit};
use super::photos::Photo;
use super::process::{cpu_time_ms, peak_memory_kb};
use super::rig::{BUCKET, BenchRig, Implementation};
use super::statistics::as_milliseconds;
use local::emulator::Emulator;

const IMPLEMENTATIONS: [Implementation; 3] = [
    Implementation::Python,
    Implementation::PythonYunet,
    Implementation::Ours,
];
const TIMED_INVOCATIONS: Repetitions = (100, 3);
/// Invocations that are not counted.
const WARMUP_INVOCATIONS: usize = 2;
const PROCESSES: Repetitions = (3, 1);
const INVOCATIONS_IN_PROCESS: Repetitions = (5, 1);
/// A face that Python's YuNet finds with at least this score must be found by ours, whose photo may be scaled.
const CERTAIN_SCORE: f64 = 0.9;

/// One value for each of [`IMPLEMENTATIONS`].
type Values = [f64; IMPLEMENTATIONS.len()];

pub fn times_method(context: &BenchContext) -> String {
    format!(
        "{} {} invocation(s) of each.",
        method(),
        context.repetitions(TIMED_INVOCATIONS)
    )
}

pub fn peaks_method(context: &BenchContext) -> String {
    format!("{} {} process(es) of each.", method(), context.repetitions(PROCESSES))
}

fn method() -> String {
    format!(
        "`balanced` is our default for S3 notifications, which all three functions got; ours found every face that \
         Python's YuNet found with a score of at least {CERTAIN_SCORE}."
    )
}

/// The median times of whole invocations with the small photo, and the mean CPU times of the functions' processes.
pub fn measure_times(context: &BenchContext, rig: &BenchRig) -> Result<Vec<Group>> {
    let photo = &rig.photos.small;
    let count = context.repetitions(TIMED_INVOCATIONS);
    let emulators = start_all(rig)?;
    let mut times = IMPLEMENTATIONS.map(|_| Vec::new());
    let mut used_before = Vec::new();
    let mut step = ProgressStep::start("invoking three functions with S3 notifications");
    for run in 0..WARMUP_INVOCATIONS + count {
        step.advance(run as u64, (WARMUP_INVOCATIONS + count) as u64);
        if run == WARMUP_INVOCATIONS {
            used_before = cpu_times(&emulators)?;
        }
        let mut responses = Vec::new();
        for (emulator, times) in emulators.iter().zip(&mut times) {
            let start = Instant::now();
            responses.push(faces(emulator, photo)?);
            if run >= WARMUP_INVOCATIONS {
                times.push(as_milliseconds(&start.elapsed()));
            }
        }
        ensure_certain_faces_found(photo, &responses)?;
    }
    for (emulator, implementation) in emulators.iter().zip(IMPLEMENTATIONS) {
        let starts = emulator.start_count();
        ensure!(
            starts == 1,
            "the function, {}, was started {starts} times",
            implementation.name()
        );
    }
    let used = cpu_times(&emulators)?;
    #[expect(clippy::cast_precision_loss, reason = "there are few invocations")]
    let used: Vec<_> = used
        .iter()
        .zip(&used_before)
        .map(|(after, before)| (after - before) / count as f64)
        .collect();
    let used = Values::try_from(used.as_slice()).context("a function has no CPU time")?;
    let medians = times.map(|times| median(&times));
    let mut all = Vec::from(groups("invocation of `balanced`", Unit::Milliseconds, photo, medians));
    all.extend(groups("CPU time of `balanced`", Unit::Milliseconds, photo, used));
    Ok(all)
}

fn cpu_times(emulators: &[Emulator]) -> Result<Vec<f64>> {
    let times = emulators
        .iter()
        .map(|emulator| cpu_time_ms(emulator.function_process()?));
    times.collect()
}

/// The peaks of resident memory with the large photo, each in new processes.
pub fn measure_peaks(context: &BenchContext, rig: &BenchRig) -> Result<[Group; 2]> {
    let photo = &rig.photos.large;
    let (processes, invocations) = (
        context.repetitions(PROCESSES),
        context.repetitions(INVOCATIONS_IN_PROCESS),
    );
    let mut peaks = IMPLEMENTATIONS.map(|_| Vec::new());
    let mut step = ProgressStep::start("measuring memory of three functions");
    for process in 0..processes {
        step.advance(process as u64, processes as u64);
        let mut responses = Vec::new();
        for (implementation, peaks) in IMPLEMENTATIONS.into_iter().zip(&mut peaks) {
            let emulator = rig.start_function(implementation)?;
            let mut last = Value::Null;
            for _ in 0..invocations {
                last = faces(&emulator, photo)?;
            }
            responses.push(last);
            peaks.push(peak_memory_kb::<f64>(emulator.function_process()?)? * 1024.0 / 1e6);
        }
        ensure_certain_faces_found(photo, &responses)?;
    }
    let medians = peaks.map(|peaks| median(&peaks));
    Ok(groups("peak memory of `balanced`", Unit::Megabytes, photo, medians))
}

fn start_all(rig: &BenchRig) -> Result<Vec<Emulator>> {
    let started = IMPLEMENTATIONS
        .into_iter()
        .map(|implementation| rig.start_function(implementation));
    started.collect()
}

/// Two groups with the same value of ours, each with one of the functions in Python as its reference.
fn groups(what: &str, unit: Unit, photo: &Photo, [haar, yunet, ours]: Values) -> [Group; 2] {
    let [haar_name, yunet_name, ours_name] = IMPLEMENTATIONS.map(Implementation::name);
    let group = |reference: &'static str, value: f64, detector: &str| {
        Group::new(format!("{what}, against {detector}"), unit, Some(reference))
            .in_comparison()
            .with_case(photo.title(), &[(reference, value), (ours_name, ours)])
    };
    [
        group(haar_name, haar, "cascades of 4.5.5"),
        group(yunet_name, yunet, "YuNet of 4.14"),
    ]
}

/// Invokes a function with an S3 notification, for which ours uses `balanced`; returns the faces.
pub fn faces(emulator: &Emulator, photo: &Photo) -> Result<Value> {
    let response = emulator.invoke(&notification(&photo.name))?;
    // Those in Python respond to every event as to a direct one.
    let faces = response
        .pointer("/photos/0/faces")
        .or_else(|| response.pointer("/body/faces"));
    faces
        .cloned()
        .with_context(|| format!("the response to an S3 notification for {} is {response}", photo.name))
}

/// An S3 notification of a new object.
fn notification(key: &str) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "EXAMPLE"}, "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "EXAMPLE"},
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "photos",
            "bucket": {
                "name": BUCKET, "ownerIdentity": {"principalId": "EXAMPLE"}, "arn": format!("arn:aws:s3:::{BUCKET}"),
            },
            "object": {"key": encode(key)},
        },
    }]})
}

/// Encodes a key as S3 does in notifications.
fn encode(key: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        _ => format!("%{byte:02X}"),
    };
    key.bytes().map(byte).collect()
}

/// `responses` are in the order of [`IMPLEMENTATIONS`].
fn ensure_certain_faces_found(photo: &Photo, responses: &[Value]) -> Result<()> {
    let [_, yunet, ours] = responses else {
        anyhow::bail!("{} responses are not those of three functions", responses.len());
    };
    let (found, certain) = (boxes(ours, 0.0)?, boxes(yunet, CERTAIN_SCORE)?);
    ensure!(
        !certain.is_empty(),
        "Python's YuNet finds no face in {} with a score of at least {CERTAIN_SCORE}",
        photo.name
    );
    for certain in certain {
        let overlaps = |rectangle: &Rectangle| intersection_over_union(*rectangle, certain) >= IOU_THRESHOLD;
        ensure!(
            found.iter().any(overlaps),
            "in {} `balanced` does not find the face {certain:?}:\n  ours    {ours}\n  Python  {yunet}",
            photo.name
        );
    }
    Ok(())
}

fn boxes(faces: &Value, min_score: f64) -> Result<Vec<Rectangle>> {
    let faces = Face::list(faces.as_array().context("the faces are not a list")?)?;
    Ok(rectangles(&with_min_score(faces, min_score)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo() -> Photo {
        Photo {
            name: "a.jpg".to_owned(),
            path: "a.jpg".into(),
            size: (500, 375),
        }
    }

    #[test]
    fn keys_are_encoded_as_in_notifications() {
        let event = notification("a b+c/\u{e9}.jpg");
        let key = event.pointer("/Records/0/s3/object/key").unwrap();
        assert_eq!(key, "a+b%2Bc/%C3%A9.jpg");
    }

    #[test]
    fn each_reference_has_a_group_with_its_ratio() {
        let groups = groups("time", Unit::Milliseconds, &photo(), [120.0, 60.0, 10.0]);
        let ratios: Vec<_> = groups.iter().map(|group| group.overall_ratio("ours")).collect();
        assert_eq!(ratios, [Some(12.0), Some(6.0)]);
        assert!(groups.iter().all(|group| group.in_comparison));
        let references: Vec<_> = groups.iter().filter_map(|group| group.reference.as_deref()).collect();
        assert_eq!(references, ["Python", "Python with YuNet"]);
    }

    #[test]
    fn certain_faces_of_python_must_be_found() {
        let face = |left: f64, score: f64| json!({"box": [left, 10.0, 20.0, 20.0], "score": score});
        let check = |yunet: Value, ours: Value| ensure_certain_faces_found(&photo(), &[json!([]), yunet, ours]);
        check(json!([face(5.0, 0.95), face(90.0, 0.85)]), json!([face(6.0, 0.8)])).unwrap();
        let error = check(json!([face(5.0, 0.95)]), json!([face(90.0, 0.95)])).unwrap_err();
        assert!(error.to_string().contains("a.jpg"), "{error}");
        assert!(check(json!([]), json!([face(6.0, 0.8)])).is_err());
        assert!(check(json!([]), json!([{"box": [1]}])).is_err());
    }
}

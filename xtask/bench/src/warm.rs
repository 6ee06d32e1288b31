//! `cargo xtask bench warm`: measures whole invocations of a running function, from the event to the response,
//! including reading the photo from S3 and writing the annotated one. Ours and Python's alternate. With direct events,
//! for which our default is `original`, they must find the same faces; S3 notifications measure `balanced`.

use std::time::Instant;

use anyhow::{Result, ensure};
use support::percentile::percentile;
use support::progress::ProgressStep;

use super::balanced;
use super::context::{BenchContext, Repetitions};
use super::figures::{Figures, Group, Unit};
use super::photos::Photo;
use super::process::cpu_time_ms;
use super::rig::{BenchRig, IMPLEMENTATIONS, REFERENCE, by_implementation};
use super::statistics::as_milliseconds;
use local::emulator::Emulator;

const SMALL_PHOTO_RUNS: Repetitions = (200, 3);
const OTHER_PHOTO_RUNS: Repetitions = (20, 1);
const LARGE_PHOTO_RUNS: Repetitions = (10, 1);
/// The 99th percentile of fewer runs is not meaningful.
const MIN_PERCENTILE_RUNS: usize = 100;
/// Invocations with each photo that are not counted.
const WARMUP_RUNS: usize = 2;

#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The median time of an invocation, in milliseconds.
    pub p50: f64,
    /// The mean CPU time of an invocation.
    pub cpu_ms: f64,
}

pub struct WarmBench {
    pub figures: Figures,
    /// Each photo's title with the reference's and our times; the small photo first, the large one last.
    pub samples: Vec<(String, [Sample; 2])>,
}

pub fn run(context: &BenchContext) -> Result<WarmBench> {
    let rig = BenchRig::start(context)?;
    let emulators = [
        rig.start_function(IMPLEMENTATIONS[0])?,
        rig.start_function(IMPLEMENTATIONS[1])?,
    ];
    let photos = &rig.photos;
    let mut work = vec![(&photos.small, context.repetitions(SMALL_PHOTO_RUNS))];
    let is_other = |photo: &&Photo| photo.name != photos.small.name;
    let others = photos.all.iter().filter(is_other);
    work.extend(others.map(|photo| (photo, context.repetitions(OTHER_PHOTO_RUNS))));
    work.push((&photos.large, context.repetitions(LARGE_PHOTO_RUNS)));
    let group = |title| Group::new(title, Unit::Milliseconds, Some(REFERENCE));
    let mut medians = group("whole invocation, median");
    let mut slow = group("whole invocation, 99th percentile");
    let mut processor = group("CPU time of an invocation");
    let mut samples = Vec::new();
    let mut step = ProgressStep::start("invoking both functions");
    for (index, (photo, count)) in work.iter().enumerate() {
        step.advance(index as u64, work.len() as u64);
        let (times, used) = measure(&emulators, photo, *count)?;
        let of = |percent| times.each_ref().map(|times| percentile(times, percent));
        let values = |percent| by_implementation(of(percent));
        medians.add_case(photo.title(), &values(50));
        if *count >= MIN_PERCENTILE_RUNS {
            slow.add_case(format!("{}, {count} times", photo.title()), &values(99));
        }
        processor.add_case(photo.title(), &by_implementation(used));
        let sample = |implementation: usize| Sample {
            p50: of(50)[implementation],
            cpu_ms: used[implementation],
        };
        samples.push((photo.title(), [0, 1].map(sample)));
    }
    drop(step);
    for emulator in &emulators {
        let starts = emulator.start_count();
        ensure!(starts == 1, "a function was started {starts} times");
    }
    let medians = medians.in_comparison().with_means();
    let mut groups = vec![medians, slow, processor.with_means()];
    groups.retain(|group| !group.cases.is_empty());
    groups.extend(balanced::measure_times(context, &rig)?);
    Ok(WarmBench {
        figures: Figures {
            method: format!(
                "Alternating direct events to two running functions, under AWS's emulator with a loopback S3: {} \
                 invocation(s) with {}, {} with the large photo and {} with each other photo, after {WARMUP_RUNS} that \
                 are not counted. Both found the same faces and eyes each time. {}",
                context.repetitions(SMALL_PHOTO_RUNS),
                photos.small.name,
                context.repetitions(LARGE_PHOTO_RUNS),
                context.repetitions(OTHER_PHOTO_RUNS),
                balanced::times_method(context)
            ),
            notes: photos.notes.clone(),
            groups,
        },
        samples,
    })
}

/// The times of all invocations, and the mean CPU time of one.
fn measure(emulators: &[Emulator; 2], photo: &Photo, count: usize) -> Result<([Vec<f64>; 2], [f64; 2])> {
    let mut times = [Vec::new(), Vec::new()];
    let mut before = [0.0; 2];
    for run in 0..WARMUP_RUNS + count {
        let mut found = Vec::new();
        for (index, emulator) in emulators.iter().enumerate() {
            if run == WARMUP_RUNS {
                before[index] = cpu_time_ms(emulator.function_process()?)?;
            }
            let start = Instant::now();
            found.push(BenchRig::detect_faces(emulator, photo)?);
            if run >= WARMUP_RUNS {
                times[index].push(as_milliseconds(&start.elapsed()));
            }
        }
        BenchRig::ensure_same_faces(photo, &found[1], &found[0])?;
    }
    let mut used = [0.0; 2];
    for (index, emulator) in emulators.iter().enumerate() {
        let now = cpu_time_ms(emulator.function_process()?)?;
        #[expect(clippy::cast_precision_loss, reason = "there are few")]
        let count = count as f64;
        used[index] = (now - before[index]) / count;
    }
    Ok((times, used))
}

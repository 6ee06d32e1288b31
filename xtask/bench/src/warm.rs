//! `cargo xtask bench warm`: whole invocations of a function that runs already, from the event to the answer, with
//! the photo from S3 and the annotated one back to it; ours and Python's in turn, and what they find compared.

use std::time::Instant;

use anyhow::{Result, ensure};
use support::progress::Step;

use super::figures::{Figures, Group, Unit};
use super::median::{in_milliseconds, percentile};
use super::photos::Photo;
use super::process::processor_time;
use super::scene::{PEER, SIDES, Scene, of_both};
use super::setting::{Count, Setting};
use local::emulator::Emulator;

/// How often the small photo, the others and the large one are looked at.
const SMALL: Count = (200, 3);
const OTHERS: Count = (20, 1);
const LARGE: Count = (10, 1);
/// A percentile of fewer says nothing.
const ENOUGH: usize = 100;
/// Invocations that are not counted, of each photo.
const UNCOUNTED: usize = 2;

#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The median time of an invocation, in milliseconds.
    pub p50: f64,
    /// What its process took of processors for one, in milliseconds.
    pub processor: f64,
}

pub struct Warm {
    pub figures: Figures,
    /// Each photo's name with the peer's and our times; the small photo's first, the large one's last.
    pub samples: Vec<(String, [Sample; 2])>,
}

pub fn run(setting: &Setting) -> Result<Warm> {
    let scene = Scene::set(setting)?;
    let emulators = [scene.start(SIDES[0])?, scene.start(SIDES[1])?];
    let photos = &scene.photos;
    let mut work = vec![(&photos.small, setting.count(SMALL))];
    let is_other = |photo: &&Photo| photo.name != photos.small.name;
    let others = photos.all.iter().filter(is_other);
    work.extend(others.map(|photo| (photo, setting.count(OTHERS))));
    work.push((&photos.large, setting.count(LARGE)));
    let group = |title| Group::new(title, Unit::Milliseconds, Some(PEER));
    let mut medians = group("whole invocation, median");
    let mut slow = group("whole invocation, 99th percentile");
    let mut processor = group("processors' time of an invocation");
    let mut samples = Vec::new();
    let mut step = Step::start("invoking both functions");
    for (place, (photo, count)) in work.iter().enumerate() {
        step.advance(place as u64, work.len() as u64);
        let (times, used) = measure(&scene, &emulators, photo, *count)?;
        let of = |percent| times.each_ref().map(|times| percentile(times, percent));
        let values = |percent| of_both(of(percent));
        medians.add(photo.title(), &values(50));
        if *count >= ENOUGH {
            slow.add(format!("{}, {count} times", photo.title()), &values(99));
        }
        processor.add(photo.title(), &of_both(used));
        let sample = |side: usize| Sample {
            p50: of(50)[side],
            processor: used[side],
        };
        samples.push((photo.title(), [0, 1].map(sample)));
    }
    for emulator in &emulators {
        let starts = emulator.starts();
        ensure!(starts == 1, "a function was started {starts} times");
    }
    let mut groups = vec![medians.averaged(), slow, processor.averaged()];
    groups.retain(|group| !group.cases.is_empty());
    Ok(Warm {
        figures: Figures {
            method: format!(
                "Events to two running functions in turn, under AWS's emulator with a loopback S3: {} invocation(s) \
                 of {}, {} of the large photo and {} of each other, after {UNCOUNTED} that do not count. Both found \
                 the same faces and eyes each time.",
                setting.count(SMALL),
                photos.small.name,
                setting.count(LARGE),
                setting.count(OTHERS)
            ),
            notes: photos.notes.clone(),
            groups,
        },
        samples,
    })
}

/// The times of all invocations, and the processors' time of one.
fn measure(
    scene: &Scene,
    emulators: &[Emulator; 2],
    photo: &Photo,
    count: usize,
) -> Result<([Vec<f64>; 2], [f64; 2])> {
    let mut times = [Vec::new(), Vec::new()];
    let mut before = [0.0; 2];
    for run in 0..UNCOUNTED + count {
        let mut found = Vec::new();
        for (place, emulator) in emulators.iter().enumerate() {
            if run == UNCOUNTED {
                before[place] = processor_time(emulator.function_process()?)?;
            }
            let start = Instant::now();
            found.push(scene.look(emulator, photo)?);
            if run >= UNCOUNTED {
                times[place].push(in_milliseconds(&start.elapsed()));
            }
        }
        Scene::same(photo, &found[1], &found[0])?;
    }
    let mut used = [0.0; 2];
    for (place, emulator) in emulators.iter().enumerate() {
        let now = processor_time(emulator.function_process()?)?;
        #[expect(clippy::cast_precision_loss, reason = "there are few")]
        let count = count as f64;
        used[place] = (now - before[place]) / count;
    }
    Ok((times, used))
}

//! `cargo xtask bench warm`: whole invocations of a function that runs already, from the event to the answer, with
//! the photo from S3 and the annotated one back to it; ours and Python's in turn, and what they find compared.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use support::progress::Step;

use super::figures::{Figures, Group, Unit};
use super::median::{in_milliseconds, percentile};
use super::photos::Photo;
use super::scene::{OURS, PEER, SIDES, Scene};
use super::setting::Setting;
use local::emulator::Emulator;

/// How often the small photo, the others and the large one are looked at.
const SMALL: (usize, usize) = (200, 3);
const OTHERS: (usize, usize) = (20, 1);
const LARGE: (usize, usize) = (10, 1);
/// A percentile of fewer says nothing.
const ENOUGH: usize = 100;
/// Invocations that are not counted, of each photo.
const UNCOUNTED: usize = 2;
/// Ticks of the clock of processes in a second, on every Linux. Source: proc_pid_stat(5), `USER_HZ`.
const TICKS: f64 = 100.0;

/// A function's times with one photo.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The median time of an invocation, in milliseconds.
    pub p50: f64,
    /// What its process took of processors for one, in milliseconds.
    pub processor: f64,
}

/// The figures, and what others reckon with.
pub struct Warm {
    pub figures: Figures,
    /// Each photo's name with the peer's and our times; the small photo's first, the large one's last.
    pub samples: Vec<(String, [Sample; 2])>,
}

pub fn run(setting: &Setting) -> Result<Warm> {
    let scene = Scene::set(setting)?;
    let emulators = [scene.start(SIDES[0])?, scene.start(SIDES[1])?];
    let photos = &scene.photos;
    let counts = |pair: (usize, usize)| setting.count(pair.0, pair.1);
    let mut work = vec![(&photos.small, counts(SMALL))];
    let others = photos
        .all
        .iter()
        .filter(|photo| photo.name != photos.small.name);
    work.extend(others.map(|photo| (photo, counts(OTHERS))));
    work.push((&photos.large, counts(LARGE)));
    let median_title = "whole invocation, median";
    let mut medians = Group::new(median_title, Unit::Milliseconds, Some(PEER));
    let mut slow = Group::new(
        "whole invocation, 99th percentile",
        Unit::Milliseconds,
        Some(PEER),
    );
    let mut processor = Group::new(
        "processors' time of an invocation",
        Unit::Milliseconds,
        Some(PEER),
    );
    let mut samples = Vec::new();
    let mut step = Step::start("invoking both functions");
    for (place, (photo, count)) in work.iter().enumerate() {
        step.advance(place as u64, work.len() as u64);
        let (times, used) = measure(&scene, &emulators, photo, *count)?;
        let values = |percent| {
            let of = |times: &Vec<f64>| percentile(times, percent);
            [(PEER, of(&times[0])), (OURS, of(&times[1]))]
        };
        medians.add(photo.title(), &values(50));
        if *count >= ENOUGH {
            slow.add(format!("{}, {count} times", photo.title()), &values(99));
        }
        processor.add(photo.title(), &[(PEER, used[0]), (OURS, used[1])]);
        let sample = |side: usize| Sample {
            p50: percentile(&times[side], 50),
            processor: used[side],
        };
        samples.push((photo.title(), [sample(0), sample(1)]));
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
                counts(SMALL),
                photos.small.name,
                counts(LARGE),
                counts(OTHERS)
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

/// What a process has taken of processors, in milliseconds. Source: proc_pid_stat(5).
fn processor_time(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path)?;
    ticks(&text)
        .map(|ticks| ticks / TICKS * 1e3)
        .with_context(|| format!("`{path}` names no times"))
}

/// The program's and the system's ticks: the 14th and 15th field. The second, a name in brackets, may have
/// spaces in it.
fn ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_fields_are_summed_whatever_the_name_is() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4 100 0 0 0 41 2 9 9 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some(43.0));
        assert_eq!(ticks("7 (a) S 1"), None);
        assert!(processor_time(std::process::id()).unwrap() >= 0.0);
    }
}

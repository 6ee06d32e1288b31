//! Measures `cv::FaceDetectorYN` of the SDK, with the packed network, against that of the wheel of OpenCV 4.14, with
//! the same network as an ONNX file. The implementations alternate for each photo, and must find the same faces.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use support::interruption::scratch_dir;
use support::median::median;
use support::progress::ProgressStep;
use support::run::{Shell, cmd};

use super::agreement::Agreement;
use super::compile;
use super::implementations::{OURS, YUNET_WHEEL};
use super::yunet_program::{SCORE_THRESHOLD, YunetProgram};
use crate::context::{BenchContext, Repetitions};
use crate::figures::{Group, Unit};
use crate::photos::Photo;
use crate::python_reference::{PythonReference, Release};

const PACKED_MODEL: &str = "share/yunet/face_detection_yunet.packed";
/// Each with the longest side that photos are scaled down to; 0 is as they are.
const SIZES: [(&str, u32); 2] = [("as they are", 0), ("scaled to 320 pixels", 320)];
const THREADS: [u32; 2] = [1, 2];
/// A time is the median of the rounds; that of a round is its fastest run.
const ROUNDS: Repetitions = (7, 1);
const RUNS: Repetitions = (3, 1);

struct Programs {
    wheel: YunetProgram,
    sdk: YunetProgram,
}

/// The times of the wheel and of the SDK, by size, number of threads and photo.
type Times = BTreeMap<(usize, u32, usize), [Vec<f64>; 2]>;

/// No groups but a note if the SDK has no network.
pub fn measure(context: &BenchContext, photos: &[Photo], notes: &mut Vec<String>) -> Result<Vec<Group>> {
    let packed = context.sdk.path().join(PACKED_MODEL);
    let packed = std::path::absolute(packed)?;
    if !packed.is_file() {
        notes.push(format!("this SDK has no {PACKED_MODEL}: YuNet was not measured"));
        return Ok(Vec::new());
    }
    let mut programs = Programs::start(context, &packed)?;
    programs.load(context, photos)?;
    let mut agreements = [Agreement::default(); SIZES.len()];
    let times = programs.measure(context, photos, &mut agreements)?;
    for ((size, _), agreement) in SIZES.iter().zip(agreements) {
        notes.push(format!(
            "YuNet, photos {size}: both found the same faces each time, {} in {} photo(s); boxes and landmarks differ \
             by at most {:.3} pixels, scores by at most {:.5}",
            agreement.faces,
            photos.len(),
            agreement.pixels,
            agreement.score
        ));
    }
    Ok(groups(photos, &times))
}

pub fn method(context: &BenchContext) -> String {
    format!(
        "YuNet is `FaceDetectorYN::detect` on pixels in memory, which the wheel has decoded and scaled (INTER_AREA), \
         with a score threshold of {SCORE_THRESHOLD}: medians of {} round(s), each the fastest of {} run(s).",
        context.repetitions(ROUNDS),
        context.repetitions(RUNS)
    )
}

impl Programs {
    fn start(context: &BenchContext, packed: &Path) -> Result<Self> {
        let python = PythonReference::install(&context.build.workspace, &context.sdk, Release::V4_14)?;
        let program = compile::compile(context, compile::YUNET)?;
        let sh = Shell::new()?;
        Ok(Self {
            wheel: YunetProgram::start(&mut python.program("yunet.py")?, python.model())?,
            sdk: YunetProgram::start(&mut cmd!(sh, "{program}").into(), packed)?,
        })
    }

    fn load(&mut self, context: &BenchContext, photos: &[Photo]) -> Result<()> {
        let (scratch, _cleanup) = scratch_dir(&context.results_dir())?;
        let file = std::path::absolute(scratch.path().join("pixels"))?;
        for (index, (_, longest_side)) in SIZES.into_iter().enumerate() {
            for photo in photos {
                let name = name(index, photo);
                let size = self.wheel.prepare_photo(&name, photo, longest_side, &file)?;
                self.sdk.load_pixels(&name, &file, size)?;
            }
        }
        Ok(())
    }

    fn measure(&mut self, context: &BenchContext, photos: &[Photo], agreements: &mut [Agreement]) -> Result<Times> {
        let (rounds, runs) = (context.repetitions(ROUNDS), context.repetitions(RUNS));
        let mut times = Times::new();
        let mut step = ProgressStep::start("detecting with YuNet");
        for round in 0..rounds {
            step.advance(round as u64, rounds as u64);
            for threads in THREADS {
                for (size, agreement) in agreements.iter_mut().enumerate() {
                    let mut of_round = Agreement::default();
                    for (index, photo) in photos.iter().enumerate() {
                        let name = name(size, photo);
                        let wheel = self.wheel.detect(&name, threads, runs)?;
                        let sdk = self.sdk.detect(&name, threads, runs)?;
                        of_round
                            .add(&wheel.faces, &sdk.faces, SCORE_THRESHOLD)
                            .with_context(|| format!("{}, {}, {threads} thread(s)", photo.name, SIZES[size].0))?;
                        let [of_wheel, of_sdk] = times.entry((size, threads, index)).or_default();
                        of_wheel.push(wheel.milliseconds);
                        of_sdk.push(sdk.milliseconds);
                    }
                    *agreement = agreement.with_repetition(of_round);
                }
            }
        }
        Ok(times)
    }
}

/// The name of a photo at a size, in requests.
fn name(size: usize, photo: &Photo) -> String {
    format!("{}/{}", SIZES[size].1, photo.name)
}

fn groups(photos: &[Photo], times: &Times) -> Vec<Group> {
    let mut groups = Vec::new();
    for (size, (shown, _)) in SIZES.iter().enumerate() {
        for threads in THREADS {
            let plural = if threads == 1 { "" } else { "s" };
            let title = format!("YuNet, {} photos {shown}, {threads} thread{plural}", photos.len());
            let mut group = Group::new(title, Unit::Milliseconds, Some(YUNET_WHEEL));
            for (index, photo) in photos.iter().enumerate() {
                if let Some([wheel, sdk]) = times.get(&(size, threads, index)) {
                    group.add_case(photo.title(), &[(YUNET_WHEEL, median(wheel)), (OURS, median(sdk))]);
                }
            }
            group.in_comparison = threads == 1;
            groups.push(group.with_means());
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_and_number_of_threads_is_a_group_with_a_mean() {
        let photos = ["a.jpg", "b.jpg"].map(|name| Photo {
            name: name.to_owned(),
            path: name.into(),
            size: (10, 10),
        });
        let mut times = Times::new();
        for size in 0..SIZES.len() {
            for threads in THREADS {
                times.insert((size, threads, 0), [vec![8.0, 80.0, 8.0], vec![2.0, 2.0, 1.0]]);
                times.insert((size, threads, 1), [vec![9.0], vec![1.0]]);
            }
        }
        let groups = groups(&photos, &times);
        let titles: Vec<_> = groups.iter().map(|group| group.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                "YuNet, 2 photos as they are, 1 thread",
                "YuNet, 2 photos as they are, 2 threads",
                "YuNet, 2 photos scaled to 320 pixels, 1 thread",
                "YuNet, 2 photos scaled to 320 pixels, 2 threads",
            ]
        );
        // The medians are 8 and 2, and the other photo's ratio is 9.
        assert!(groups.iter().all(|group| group.mean(OURS) == Some(6.0)));
        let compared: Vec<_> = groups.iter().map(|group| group.in_comparison).collect();
        assert_eq!(compared, [true, false, true, false]);
    }
}

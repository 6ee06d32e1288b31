//! `cargo xtask bench memory`: measures the peak resident memory of each function, in a new process for each photo:
//! with direct events, for which our default is `original`, and of `balanced` with S3 notifications.

use anyhow::Result;
use support::files::file_size;
use support::median::median;
use support::output::format_bytes;
use support::progress::ProgressStep;

use super::balanced;
use super::context::{BenchContext, Repetitions};
use super::figures::{Figures, Group, Unit};
use super::process::peak_memory_kb;
use super::rig::{BenchRig, IMPLEMENTATIONS, REFERENCE, by_implementation};

const RUNS: Repetitions = (5, 1);
const INVOCATIONS: Repetitions = (5, 1);

pub struct MemoryBench {
    pub figures: Figures,
    /// The peaks in bytes: with the small and with the large photo, the reference's and ours.
    pub peaks: [[f64; 2]; 2],
}

pub fn run(context: &BenchContext) -> Result<MemoryBench> {
    let rig = BenchRig::start(context)?;
    let (runs, invocations) = (context.repetitions(RUNS), context.repetitions(INVOCATIONS));
    let photos = [&rig.photos.small, &rig.photos.large];
    let mut peaks: [[Vec<f64>; 2]; 2] = Default::default();
    let mut step = ProgressStep::start("measuring memory");
    for run in 0..runs {
        step.advance(run as u64, runs as u64);
        for (photo, peaks) in photos.iter().zip(&mut peaks) {
            let mut found = Vec::new();
            for (implementation, peaks) in IMPLEMENTATIONS.into_iter().zip(peaks) {
                let emulator = rig.start_function(implementation)?;
                for _ in 0..invocations {
                    found.push(BenchRig::detect_faces(&emulator, photo)?);
                }
                peaks.push(peak_memory_kb::<f64>(emulator.function_process()?)? * 1024.0);
            }
            for response in &found {
                BenchRig::ensure_same_faces(photo, response, &found[0])?;
            }
        }
    }
    drop(step);
    let peaks = peaks.map(|peaks| peaks.map(|peaks| median(&peaks)));
    let mut group = Group::new("peak resident memory", Unit::Megabytes, Some(REFERENCE)).in_comparison();
    for (photo, peaks) in photos.iter().zip(peaks) {
        group.add_case(photo.title(), &by_implementation(peaks.map(|peak| peak / 1e6)));
    }
    let mut notes = rig.photos.notes.clone();
    notes.push(format!(
        "the function's binary has {}; `cargo xtask size` says what they are",
        format_bytes(file_size(context.function.path())?)
    ));
    let mut groups = vec![group];
    groups.extend(balanced::measure_peaks(context, &rig)?);
    Ok(MemoryBench {
        figures: Figures {
            method: format!(
                "VmHWM of the function's process under AWS's emulator after {invocations} invocation(s) with one \
                 photo; the median of {runs} process(es) each. {}",
                balanced::peaks_method(context)
            ),
            notes,
            groups,
        },
        peaks,
    })
}

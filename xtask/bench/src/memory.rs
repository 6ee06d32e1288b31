//! `cargo xtask bench memory`: the most resident memory of each function's process, new for each photo.

use anyhow::Result;
use support::median::median;
use support::progress::Step;

use super::figures::{Figures, Group, Unit};
use super::process::peak;
use super::scene::{PEER, SIDES, Scene, of_both};
use super::setting::{Count, Setting};

const RUNS: Count = (5, 1);
const LOOKS: Count = (5, 1);

pub struct MemoryBench {
    pub figures: Figures,
    /// The peer's and our peaks in bytes, with the small photo and with the large one.
    pub peaks: [[f64; 2]; 2],
}

pub fn run(setting: &Setting) -> Result<MemoryBench> {
    let scene = Scene::set(setting)?;
    let (runs, looks) = (setting.count(RUNS), setting.count(LOOKS));
    let photos = [&scene.photos.small, &scene.photos.large];
    let mut peaks: [[Vec<f64>; 2]; 2] = Default::default();
    let mut step = Step::start("measuring memory");
    for run in 0..runs {
        step.advance(run as u64, runs as u64);
        for (photo, peaks) in photos.iter().zip(&mut peaks) {
            let mut found = Vec::new();
            for (side, peaks) in SIDES.into_iter().zip(peaks) {
                let emulator = scene.start(side)?;
                for _ in 0..looks {
                    found.push(scene.look(&emulator, photo)?);
                }
                peaks.push(peak::<f64>(emulator.function_process()?)? * 1024.0);
            }
            for answer in &found {
                Scene::same(photo, answer, &found[0])?;
            }
        }
    }
    let peaks = peaks.map(|peaks| peaks.map(|peaks| median(&peaks)));
    let mut group = Group::new("most resident memory", Unit::Megabytes, Some(PEER));
    for (photo, peaks) in photos.iter().zip(peaks) {
        group.add(photo.title(), &of_both(peaks.map(|peak| peak / 1e6)));
    }
    Ok(MemoryBench {
        figures: Figures {
            method: format!(
                "VmHWM of the function's process under AWS's emulator after {looks} invocation(s) with one photo; the \
                 median of {runs} process(es) each."
            ),
            notes: scene.photos.notes.clone(),
            groups: vec![group],
        },
        peaks,
    })
}

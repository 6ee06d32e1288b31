//! `cargo xtask bench detect`: measures the detection of faces and eyes by our detector, by OpenCV's own in the same
//! SDK and by the Python wheel, which alternate for each photo. Their lists of rectangles must be the same. Also
//! measures YuNet.

mod agreement;
mod cascade_loading;
mod compile;
mod implementations;
mod program;
mod yunet;
mod yunet_program;

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use support::median::median;
use support::progress::ProgressStep;
use support::run::{Shell, cmd};

use self::implementations::{CASCADES, OURS, UPSTREAM, WHEEL};
use self::program::{DetectRequest, Detections, Program, Rectangle};
use super::context::{BenchContext, Repetitions};
use super::figures::{Figures, Group, Unit};
use super::photos::{Photo, Photos};
use super::python_reference::{PythonReference, Release};

/// `minNeighbors` for faces and eyes.
const FACE_NEIGHBOURS: u32 = 4;
const EYE_NEIGHBOURS: u32 = 3;
const THREADS: [u32; 2] = [1, 2];
/// A time is the median of the rounds; that of a round is its fastest run.
const ROUNDS: Repetitions = (5, 1);
const RUNS: Repetitions = (2, 1);

struct Programs {
    wheel: Program,
    sdk: Program,
    has_our_detector: bool,
}

struct Task<'a> {
    kind: Kind,
    photo: &'a Photo,
    regions: Vec<Rectangle>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Faces,
    Eyes,
    EyesInFaces,
}

pub fn run(context: &BenchContext) -> Result<Figures> {
    let python = PythonReference::install(&context.build.workspace, &context.sdk, Release::V4_5_5)?;
    let photos = Photos::collect(context)?;
    let program = compile::compile(context, compile::CASCADES)?;
    let mut notes = photos.notes.clone();
    let loading = cascade_loading::measure(context, &python, &program, &mut notes)?;
    let sh = Shell::new()?;
    let mut programs = Programs {
        wheel: Program::start(&mut python.program("detect.py")?)?,
        sdk: Program::start(&mut cmd!(sh, "{program}").into())?,
        has_our_detector: false,
    };
    programs.has_our_detector = programs.sdk.use_our_detector(true)?;
    if !programs.has_our_detector {
        notes.push("this SDK has OpenCV's own detector only: ours was not measured".to_owned());
    }
    // The large photo takes as long as all others together.
    let large = (!context.options.quick).then_some(&photos.large);
    let shown: Vec<_> = photos.all.iter().chain(large).collect();
    programs.prepare(context, &shown)?;
    let tasks = programs.tasks(&shown)?;
    let mut groups = programs.measure(context, &tasks)?;
    groups.push(loading);
    groups.extend(yunet::measure(context, photos.user_photos(), &mut notes)?);
    let (rounds, runs) = (context.repetitions(ROUNDS), context.repetitions(RUNS));
    Ok(Figures {
        method: format!(
            "detectMultiScale on the grey image, scale factor 1.1, {FACE_NEIGHBOURS} neighbours for faces and \
             {EYE_NEIGHBOURS} for eyes. The implementations alternate for each photo; a time is the median of {rounds} \
             round(s), and that of a round the fastest of {runs} run(s). Every list of rectangles was the same as the \
             wheel's. {}",
            yunet::method(context)
        ),
        notes,
        groups,
    })
}

impl Programs {
    fn prepare(&mut self, context: &BenchContext, photos: &[&Photo]) -> Result<()> {
        let folder = std::path::absolute(context.sdk.path().join("share/haarcascades"))?;
        for (what, name) in CASCADES {
            let path = folder.join(format!("haarcascade_{name}.xml"));
            let path = path.display().to_string();
            self.wheel.load_cascade(what, &path)?;
            self.sdk.load_cascade(what, &path)?;
        }
        for photo in photos {
            let (wheel, sdk) = (self.wheel.load_photo(photo)?, self.sdk.load_photo(photo)?);
            ensure!(
                wheel == sdk,
                "the SDK and the wheel decode {} to different pixels: {sdk:?} and {wheel:?}",
                photo.name
            );
        }
        Ok(())
    }

    /// Detection of faces and eyes in each whole photo, and of eyes in the faces that the wheel finds.
    fn tasks<'a>(&mut self, photos: &[&'a Photo]) -> Result<Vec<Task<'a>>> {
        let mut tasks = Vec::new();
        for photo in photos {
            let whole = vec![[0, 0, photo.size.0.into(), photo.size.1.into()]];
            let task = |kind, regions| Task { kind, photo, regions };
            let faces = task(Kind::Faces, whole.clone());
            let found = self.wheel.detect(&faces.request(0, 1), 1)?;
            tasks.extend([faces, task(Kind::Eyes, whole)]);
            if !found.rectangles.is_empty() {
                tasks.push(task(Kind::EyesInFaces, found.rectangles));
            }
        }
        Ok(tasks)
    }

    fn implementations(&self) -> &'static [&'static str] {
        if self.has_our_detector {
            &[WHEEL, UPSTREAM, OURS]
        } else {
            &[WHEEL, UPSTREAM]
        }
    }

    fn measure(&mut self, context: &BenchContext, tasks: &[Task]) -> Result<Vec<Group>> {
        let (rounds, runs) = (context.repetitions(ROUNDS), context.repetitions(RUNS));
        let mut times: BTreeMap<(u32, usize, &str), Vec<f64>> = BTreeMap::new();
        let mut step = ProgressStep::start("detecting");
        let total = (rounds * THREADS.len() * tasks.len()) as u64;
        let mut done = 0;
        for round in 0..rounds {
            for threads in THREADS {
                for (index, task) in tasks.iter().enumerate() {
                    step.advance(done, total);
                    done += 1;
                    let mut lists = Vec::new();
                    for implementation in self.implementations() {
                        let found = self.time(implementation, task, threads, runs)?;
                        let sum = found.iter().map(|found| found.milliseconds).sum();
                        times.entry((threads, index, implementation)).or_default().push(sum);
                        lists.push((*implementation, found));
                    }
                    ensure_same_rectangles(task, threads, &lists).with_context(|| format!("in round {}", round + 1))?;
                }
            }
        }
        let mut groups = Vec::new();
        for kind in [Kind::Faces, Kind::Eyes, Kind::EyesInFaces] {
            for threads in THREADS {
                let title = format!("{}, {}", kind.title(), format_threads(threads));
                let mut group = Group::new(title, Unit::Milliseconds, Some(WHEEL));
                for (index, task) in tasks.iter().enumerate() {
                    if task.kind == kind {
                        let value = |implementation: &&'static str| {
                            (*implementation, median(&times[&(threads, index, *implementation)]))
                        };
                        let values: Vec<_> = self.implementations().iter().map(value).collect();
                        group.add_case(task.photo.title(), &values);
                    }
                }
                group.in_comparison = threads == 1;
                groups.push(group.with_means());
            }
        }
        Ok(groups)
    }

    fn time(&mut self, implementation: &str, task: &Task, threads: u32, runs: usize) -> Result<Vec<Detections>> {
        let program = if implementation == WHEEL {
            &mut self.wheel
        } else {
            self.sdk.use_our_detector(implementation == OURS)?;
            &mut self.sdk
        };
        let requests = (0..task.regions.len()).map(|region| task.request(region, threads));
        requests.map(|request| program.detect(&request, runs)).collect()
    }
}

fn format_threads(threads: u32) -> String {
    format!("{threads} thread{}", if threads == 1 { "" } else { "s" })
}

impl Kind {
    fn title(self) -> &'static str {
        match self {
            Self::Faces => "faces in photos",
            Self::Eyes => "eyes in whole photos",
            Self::EyesInFaces => "eyes in all faces of a photo",
        }
    }
}

impl Task<'_> {
    fn request(&self, region: usize, threads: u32) -> DetectRequest<'_> {
        let (cascade, neighbours) = match self.kind {
            Kind::Faces => ("face", FACE_NEIGHBOURS),
            Kind::Eyes | Kind::EyesInFaces => ("eye", EYE_NEIGHBOURS),
        };
        DetectRequest {
            cascade,
            photo: &self.photo.name,
            region: self.regions[region],
            neighbours,
            threads,
        }
    }
}

/// Fails if a list differs from the first, the wheel's. With several threads, OpenCV's order is not deterministic and
/// is ignored.
fn ensure_same_rectangles(task: &Task, threads: u32, lists: &[(&str, Vec<Detections>)]) -> Result<()> {
    let rectangles = |found: &[Detections]| -> Vec<Vec<Rectangle>> {
        let list = |found: &Detections| {
            let mut rectangles = found.rectangles.clone();
            if threads > 1 {
                rectangles.sort_unstable();
            }
            rectangles
        };
        found.iter().map(list).collect()
    };
    let Some((first, expected)) = lists.first() else {
        return Ok(());
    };
    let expected = rectangles(expected);
    for (implementation, found) in lists {
        let found = rectangles(found);
        ensure!(
            found == expected,
            "{}, {} of {}: {implementation} finds {found:?}, and {first} finds {expected:?}",
            task.kind.title(),
            format_threads(threads),
            task.photo.name
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo() -> Photo {
        Photo {
            name: "a.jpg".to_owned(),
            path: "a.jpg".into(),
            size: (10, 10),
        }
    }

    fn compare(threads: u32, wheel: &[Rectangle], ours: &[Rectangle]) -> Result<()> {
        let photo = photo();
        let task = Task {
            kind: Kind::Faces,
            photo: &photo,
            regions: vec![[0, 0, 10, 10]],
        };
        let found = |rectangles: &[Rectangle]| {
            vec![Detections {
                milliseconds: 1.0,
                rectangles: rectangles.to_vec(),
            }]
        };
        ensure_same_rectangles(&task, threads, &[(WHEEL, found(wheel)), (OURS, found(ours))])
    }

    #[test]
    fn order_matters_with_one_thread_only() {
        let (one, two) = ([1, 1, 2, 2], [3, 3, 4, 4]);
        compare(1, &[one, two], &[one, two]).unwrap();
        compare(2, &[one, two], &[two, one]).unwrap();
        let error = compare(1, &[one, two], &[two, one]).unwrap_err();
        assert!(format!("{error:#}").contains("a.jpg: ours finds"), "{error:#}");
        assert!(compare(2, &[one, two], &[one]).is_err());
        assert!(compare(2, &[one], &[[1, 1, 2, 3]]).is_err());
    }
}

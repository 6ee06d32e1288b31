//! `cargo xtask bench detect`: faces and eyes in photos, by our detector, by OpenCV's own from the same SDK and by
//! the Python wheel, photo by photo in turn; and the lists that they find, which must be the same.

mod compile;
mod program;
mod ready;
mod sides;

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use support::median::median;
use support::progress::Step;
use support::run::{Shell, cmd};

use self::program::{Area, Found, Look, Program};
use self::sides::{CASCADES, OURS, STOCK, WHEEL};
use super::figures::{Figures, Group, Unit};
use super::peer::Peer;
use super::photos::{Photo, Photos};
use super::setting::{Count, Setting};

/// Windows that must agree on a face, and on an eye.
const FACE: u32 = 4;
const EYE: u32 = 3;
const THREADS: [u32; 2] = [1, 2];
/// Rounds, of which the median counts, and runs in each, of which the fastest does.
const ROUNDS: Count = (5, 1);
const RUNS: Count = (2, 1);

struct Programs {
    wheel: Program,
    sdk: Program,
    has_ours: bool,
}

struct Task<'a> {
    kind: Kind,
    photo: &'a Photo,
    regions: Vec<Area>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Faces,
    Eyes,
    EyesInFaces,
}

pub fn run(setting: &Setting) -> Result<Figures> {
    let peer = Peer::install(setting)?;
    let photos = Photos::gather(setting)?;
    let program = compile::compiled(setting)?;
    let mut notes = photos.notes.clone();
    let ready = ready::ready(setting, &peer, &program, &mut notes)?;
    let sh = Shell::new()?;
    let mut programs = Programs {
        wheel: Program::start(&mut peer.program("detect.py")?)?,
        sdk: Program::start(&mut cmd!(sh, "{program}").into())?,
        has_ours: false,
    };
    programs.has_ours = programs.sdk.fast(true)?;
    if !programs.has_ours {
        notes.push("this SDK has OpenCV's own detector only: ours was not measured".to_owned());
    }
    // The large one takes as long as all others.
    let large = (!setting.options.quick).then_some(&photos.large);
    let shown: Vec<_> = photos.all.iter().chain(large).collect();
    programs.prepare(setting, &shown)?;
    let tasks = programs.tasks(&shown)?;
    let groups = programs.measure(setting, &tasks)?;
    let (rounds, runs) = (setting.count(ROUNDS), setting.count(RUNS));
    Ok(Figures {
        method: format!(
            "detectMultiScale on the grey picture, scale factor 1.1, {FACE} neighbours for faces and {EYE} for eyes. \
             The sides take turns for each photo; a time is the median of {rounds} round(s), and a round's the \
             fastest of {runs} run(s). Every list of rectangles was the same as the wheel's."
        ),
        notes,
        groups: groups.into_iter().chain([ready]).collect(),
    })
}

impl Programs {
    fn prepare(&mut self, setting: &Setting, photos: &[&Photo]) -> Result<()> {
        let folder = std::path::absolute(setting.sdk.path().join("share/haarcascades"))?;
        for (what, name) in CASCADES {
            let path = folder.join(format!("haarcascade_{name}.xml"));
            let path = path.display().to_string();
            self.wheel.cascade(what, &path)?;
            self.sdk.cascade(what, &path)?;
        }
        for photo in photos {
            let (wheel, sdk) = (self.wheel.photo(photo)?, self.sdk.photo(photo)?);
            ensure!(
                wheel == sdk,
                "the SDK decodes {} to other pixels than the wheel: {sdk:?} and {wheel:?}",
                photo.name
            );
        }
        Ok(())
    }

    /// Faces and eyes in each whole photo, and eyes in the faces that the wheel finds.
    fn tasks<'a>(&mut self, photos: &[&'a Photo]) -> Result<Vec<Task<'a>>> {
        let mut tasks = Vec::new();
        for photo in photos {
            let whole = vec![[0, 0, photo.size.0.into(), photo.size.1.into()]];
            let task = |kind, regions| Task {
                kind,
                photo,
                regions,
            };
            let faces = task(Kind::Faces, whole.clone());
            let found = self.wheel.detect(&faces.look(0, 1), 1)?;
            tasks.extend([faces, task(Kind::Eyes, whole)]);
            if !found.areas.is_empty() {
                tasks.push(task(Kind::EyesInFaces, found.areas));
            }
        }
        Ok(tasks)
    }

    fn sides(&self) -> &'static [&'static str] {
        if self.has_ours {
            &[WHEEL, STOCK, OURS]
        } else {
            &[WHEEL, STOCK]
        }
    }

    fn measure(&mut self, setting: &Setting, tasks: &[Task]) -> Result<Vec<Group>> {
        let (rounds, runs) = (setting.count(ROUNDS), setting.count(RUNS));
        let mut times: BTreeMap<(u32, usize, &str), Vec<f64>> = BTreeMap::new();
        let mut step = Step::start("detecting");
        let total = (rounds * THREADS.len() * tasks.len()) as u64;
        let mut done = 0;
        for round in 0..rounds {
            for threads in THREADS {
                for (place, task) in tasks.iter().enumerate() {
                    step.advance(done, total);
                    done += 1;
                    let mut lists = Vec::new();
                    for side in self.sides() {
                        let found = self.time(side, task, threads, runs)?;
                        let sum = found.iter().map(|found| found.milliseconds).sum();
                        times.entry((threads, place, side)).or_default().push(sum);
                        lists.push((*side, found));
                    }
                    same(task, threads, &lists)
                        .with_context(|| format!("in round {}", round + 1))?;
                }
            }
        }
        let mut groups = Vec::new();
        for kind in [Kind::Faces, Kind::Eyes, Kind::EyesInFaces] {
            for threads in THREADS {
                let title = format!("{}, {}", kind.title(), counted(threads));
                let mut group = Group::new(title, Unit::Milliseconds, Some(WHEEL));
                for (place, task) in tasks.iter().enumerate() {
                    if task.kind == kind {
                        let value =
                            |side: &&'static str| (*side, median(&times[&(threads, place, *side)]));
                        let values: Vec<_> = self.sides().iter().map(value).collect();
                        group.add(task.photo.title(), &values);
                    }
                }
                groups.push(group.averaged());
            }
        }
        Ok(groups)
    }

    fn time(&mut self, side: &str, task: &Task, threads: u32, runs: usize) -> Result<Vec<Found>> {
        let program = if side == WHEEL {
            &mut self.wheel
        } else {
            self.sdk.fast(side == OURS)?;
            &mut self.sdk
        };
        let looks = (0..task.regions.len()).map(|region| task.look(region, threads));
        looks.map(|look| program.detect(&look, runs)).collect()
    }
}

fn counted(threads: u32) -> String {
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
    fn look(&self, region: usize, threads: u32) -> Look<'_> {
        let (cascade, neighbours) = match self.kind {
            Kind::Faces => ("face", FACE),
            Kind::Eyes | Kind::EyesInFaces => ("eye", EYE),
        };
        Look {
            cascade,
            photo: &self.photo.name,
            region: self.regions[region],
            neighbours,
            threads,
        }
    }
}

/// Refuses lists that are not the wheel's. With several threads OpenCV's own order is a race, and only what
/// is in the list counts.
fn same(task: &Task, threads: u32, lists: &[(&str, Vec<Found>)]) -> Result<()> {
    let areas = |found: &[Found]| -> Vec<Vec<Area>> {
        let list = |found: &Found| {
            let mut areas = found.areas.clone();
            if threads > 1 {
                areas.sort_unstable();
            }
            areas
        };
        found.iter().map(list).collect()
    };
    let Some((first, expected)) = lists.first() else {
        return Ok(());
    };
    let expected = areas(expected);
    for (side, found) in lists {
        let found = areas(found);
        ensure!(
            found == expected,
            "{}, {} of {}: {side} finds {found:?}, and {first} finds {expected:?}",
            task.kind.title(),
            counted(threads),
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

    fn compare(threads: u32, wheel: &[Area], ours: &[Area]) -> Result<()> {
        let photo = photo();
        let task = Task {
            kind: Kind::Faces,
            photo: &photo,
            regions: vec![[0, 0, 10, 10]],
        };
        let found = |areas: &[Area]| {
            vec![Found {
                milliseconds: 1.0,
                areas: areas.to_vec(),
            }]
        };
        same(
            &task,
            threads,
            &[(WHEEL, found(wheel)), (OURS, found(ours))],
        )
    }

    #[test]
    fn with_one_thread_order_counts_and_with_two_it_does_not() {
        let (one, two) = ([1, 1, 2, 2], [3, 3, 4, 4]);
        compare(1, &[one, two], &[one, two]).unwrap();
        compare(2, &[one, two], &[two, one]).unwrap();
        let error = compare(1, &[one, two], &[two, one]).unwrap_err();
        assert!(
            format!("{error:#}").contains("a.jpg: ours finds"),
            "{error:#}"
        );
        assert!(compare(2, &[one, two], &[one]).is_err());
        assert!(compare(2, &[one], &[[1, 1, 2, 3]]).is_err());
    }
}

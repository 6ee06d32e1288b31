//! The rectangles in photos against those of the Python wheel of OpenCV, for every Haar cascade, with several sets
//! of parameters and numbers of threads, from the same grey pixels.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use support::files::{PARTIAL, name, temporary_in, with_extension};
use support::fingerprint::Fingerprint;
use support::progress::{Step, tell};
use support::run::{Shell, cmd};

use crate::programs::{Programs, all_said, said};
use crate::reference::{self, Reference};
use crate::{Fixture, no_detector};

const SCRIPT: &str = include_str!("../../data/detector/wheel.py");

/// Answers of ours that say why there is none.
const RACE: &str = "race";
const UNPACKED: &str = "unpacked";

/// Compares them, in the SDK's samples and in the photos of a folder.
pub fn test(fixture: &Fixture, photos: &Path) -> Result<()> {
    fixture.has_detector()?;
    let header = "include/opencv4/opencv2/objdetect/packed_cascade.h";
    if !fixture.sdk.path().join(header).is_file() {
        return Err(no_detector());
    }
    let programs = Programs::new(fixture)?;
    let program = programs.built("detector", "in_photos")?;
    let folder = asked(fixture, &programs, photos)?;
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path)
    };
    let (questions, answers) = (read("questions")?, read("answers")?);
    let rectangles = answers.lines().filter(|line| *line != "0").count();
    ensure!(
        rectangles * 3 > answers.lines().count(),
        "the wheel finds hardly anything"
    );

    let ways = [(1, "xml"), (1, "packed"), (2, "xml"), (4, "packed")];
    let (sh, share) = (Shell::new()?, fixture.share());
    let command = |(threads, form): (u32, &str)| {
        let threads = threads.to_string();
        cmd!(
            sh,
            "{program} {share}/haarcascades {folder} {threads} {form}"
        )
        .into()
    };
    let ours = all_said(ways.into_iter().map(command).collect())?;
    for ((threads, form), ours) in ways.into_iter().zip(&ours) {
        let way = format!("{threads} threads, cascades as {form}");
        let compared = compare(&questions, &answers, ours).with_context(|| way.clone())?;
        ensure!(
            compared * 4 > questions.lines().count(),
            "with {way} only {compared} lists can be compared"
        );
        tell(&format!("{way}: {compared} lists as the wheel's"));
    }
    Ok(())
}

/// How many answers are the same; fails at the first that is not.
fn compare(questions: &str, answers: &str, ours: &str) -> Result<usize> {
    let (count, found) = (questions.lines().count(), ours.lines().count());
    ensure!(
        count == found && count == answers.lines().count(),
        "of {count} questions {found} are answered"
    );
    let mut compared = 0;
    for ((question, expected), found) in questions.lines().zip(answers.lines()).zip(ours.lines()) {
        if [RACE, UNPACKED].contains(&found) {
            continue;
        }
        ensure!(
            expected == found,
            "`{question}` is answered by\n  | {found}\nand by the wheel with\n  | {expected}"
        );
        compared += 1;
    }
    Ok(compared)
}

/// The folder with the wheel's questions and answers, made now unless the same was asked before.
fn asked(fixture: &Fixture, programs: &Programs, photos: &Path) -> Result<PathBuf> {
    let photos = with_samples(photos, &fixture.share())?;
    let cascades = fixture.share().join("haarcascades");
    let mut inputs = vec![
        (
            "pins".to_owned(),
            reference::fingerprint()?.to_string().into(),
        ),
        ("script".to_owned(), SCRIPT.into()),
    ];
    for path in photos.iter().chain(&with_extension(&cascades, "xml")?) {
        inputs.push((name(path), fs::read(path)?));
    }
    let inputs = inputs
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let name = format!("wheel-{}", Fingerprint::of(inputs).short());
    let folder = programs.folder().join(name);
    if folder.is_dir() {
        tell("the wheel was asked before; its answers are kept");
        return Ok(folder);
    }
    let reference = Reference::install(fixture.paths)?;
    let partial = temporary_in(programs.folder(), PARTIAL)?;
    let step = Step::start("asking the wheel of OpenCV".to_owned());
    let sh = Shell::new()?;
    let script = fixture.data().join("detector/wheel.py");
    let wheel = reference.run(&sh, &script);
    said(wheel.arg(&cascades).arg(partial.path()).args(&photos))?;
    drop(step);
    fs::rename(partial.path(), &folder)?;
    Ok(folder)
}

/// The photos of a folder, if it is there, and the SDK's samples.
fn with_samples(folder: &Path, share: &Path) -> Result<Vec<PathBuf>> {
    let mut photos = with_extension(&share.join("samples"), "jpg")?;
    if folder.is_dir() {
        photos.extend(with_extension(folder, "jpg")?);
    } else {
        tell(
            "skipped: the labelled photos, which are not beside the project; OpenCV's samples serve",
        );
    }
    Ok(photos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_answer_is_shown_with_its_question() {
        let questions = "a.xml p.pgm\nb.xml p.pgm\nc.xml p.pgm";
        assert_eq!(compare(questions, "0\n1 2\n3", "0\n1 2\nrace").unwrap(), 2);
        let error = compare(questions, "0\n1 2\n3", "0\n1 3\n3")
            .unwrap_err()
            .to_string();
        assert!(error.contains("b.xml") && error.contains("| 1 3") && error.contains("| 1 2"));
        assert!(compare(questions, "0\n1 2\n3", "0\n1 2").is_err());
    }
}

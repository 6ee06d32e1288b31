//! Compares the rectangles in photos with those of OpenCV's Python wheel, from the same grey pixels: for every Haar
//! cascade, with several sets of parameters and numbers of threads.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use support::files::{PARTIAL_PREFIX, file_name, files_with_extension, temporary_dir_in};
use support::fingerprint::Fingerprint;
use support::progress::{ProgressStep, print_status};
use support::run::{Shell, cmd};

use crate::programs::{Programs, run_all, run_and_capture};
use crate::reference::{self, Reference};
use crate::{Fixture, skip_no_detector};

const SCRIPT: &str = include_str!("../../data/detector/wheel.py");

/// Results of `detect_photos` for requests that it cannot compare.
const RACE: &str = "race";
const NO_PACKED_FORM: &str = "no-packed-form";

/// Uses the SDK's samples and the photos of a folder.
pub fn test(fixture: &Fixture, photos: &Path) -> Result<()> {
    fixture.skip_without_detector()?;
    let header = "include/opencv4/opencv2/objdetect/packed_cascade.h";
    if !fixture.sdk.path().join(header).is_file() {
        return Err(skip_no_detector());
    }
    let programs = Programs::new(fixture)?;
    let program = programs.compile("detector", "detect_photos")?;
    let folder = wheel_results(fixture, &programs, photos)?;
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path)
    };
    let (requests, expected) = (read("requests")?, read("expected")?);
    let rectangles = expected.lines().filter(|line| *line != "0").count();
    ensure!(
        rectangles * 3 > expected.lines().count(),
        "the wheel finds rectangles for too few requests"
    );

    let variants = [(1, "xml"), (1, "packed"), (2, "xml"), (4, "packed")];
    let (sh, share) = (Shell::new()?, fixture.share_dir());
    let command = |(threads, form): (u32, &str)| {
        let threads = threads.to_string();
        cmd!(sh, "{program} {share}/haarcascades {folder} {threads} {form}").into()
    };
    let ours = run_all(variants.into_iter().map(command).collect())?;
    for ((threads, form), ours) in variants.into_iter().zip(&ours) {
        let variant = format!("{threads} threads, cascades as {form}");
        let compared = compare(&requests, &expected, ours).with_context(|| variant.clone())?;
        ensure!(
            compared * 4 > requests.lines().count(),
            "with {variant} only {compared} lists are comparable"
        );
        print_status(&format!("{variant}: {compared} lists are the same as the wheel's"));
    }
    Ok(())
}

/// Returns the number of comparable results; fails at the first difference.
fn compare(requests: &str, expected: &str, ours: &str) -> Result<usize> {
    let (count, found) = (requests.lines().count(), ours.lines().count());
    ensure!(
        count == found && count == expected.lines().count(),
        "{found} results for {count} requests"
    );
    let mut compared = 0;
    for ((request, expected), found) in requests.lines().zip(expected.lines()).zip(ours.lines()) {
        if [RACE, NO_PACKED_FORM].contains(&found) {
            continue;
        }
        ensure!(
            expected == found,
            "`{request}` gives\n  | {found}\nand with the wheel\n  | {expected}"
        );
        compared += 1;
    }
    Ok(compared)
}

/// The folder with the requests and the wheel's results, which are reused for the same inputs.
fn wheel_results(fixture: &Fixture, programs: &Programs, photos: &Path) -> Result<PathBuf> {
    let photos = photos_with_samples(photos, &fixture.share_dir())?;
    let cascades = fixture.share_dir().join("haarcascades");
    let mut inputs = vec![
        ("pins".to_owned(), reference::fingerprint()?.to_string().into()),
        ("script".to_owned(), SCRIPT.into()),
    ];
    for path in photos.iter().chain(&files_with_extension(&cascades, "xml")?) {
        inputs.push((file_name(path), fs::read(path)?));
    }
    let inputs = inputs.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let name = format!("wheel-{}", Fingerprint::of(inputs).short());
    let folder = programs.dir().join(name);
    if folder.is_dir() {
        print_status("using the wheel's results of an earlier run");
        return Ok(folder);
    }
    let reference = Reference::install(fixture.paths)?;
    let partial = temporary_dir_in(programs.dir(), PARTIAL_PREFIX)?;
    let step = ProgressStep::start("running OpenCV's Python wheel".to_owned());
    let sh = Shell::new()?;
    let script = fixture.data_dir().join("detector/wheel.py");
    let wheel = reference.python_command(&sh, &script);
    run_and_capture(wheel.arg(&cascades).arg(partial.path()).args(&photos))?;
    drop(step);
    fs::rename(partial.path(), &folder)?;
    Ok(folder)
}

/// The photos of a folder, if it exists, and the SDK's samples.
fn photos_with_samples(folder: &Path, share: &Path) -> Result<Vec<PathBuf>> {
    let mut photos = files_with_extension(&share.join("samples"), "jpg")?;
    if folder.is_dir() {
        photos.extend(files_with_extension(folder, "jpg")?);
    } else {
        print_status("skipped: the labelled photos, which are not beside the project; using OpenCV's samples only");
    }
    Ok(photos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_with_its_request() {
        let requests = "a.xml p.pgm\nb.xml p.pgm\nc.xml p.pgm";
        assert_eq!(compare(requests, "0\n1 2\n3", "0\n1 2\nrace").unwrap(), 2);
        let error = compare(requests, "0\n1 2\n3", "0\n1 3\n3").unwrap_err().to_string();
        assert!(error.contains("b.xml") && error.contains("| 1 3") && error.contains("| 1 2"));
        assert!(compare(requests, "0\n1 2\n3", "0\n1 2").is_err());
    }
}

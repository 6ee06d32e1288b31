//! Compares the rectangles in photos with those of OpenCV's Python wheel, from the same grey pixels: for every Haar
//! cascade, with several sets of parameters and numbers of threads.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use support::files::files_with_extension;
use support::progress::print_status;
use support::run::{Shell, cmd};

use crate::photos;
use crate::programs::{Programs, run_all};
use crate::reference::Release;
use crate::wheel_results::WheelScript;
use crate::{Fixture, skip_no_detector};

/// Results of `detect_photos` for requests that it cannot compare.
const RACE: &str = "race";
const NO_PACKED_FORM: &str = "no-packed-form";

/// Uses the SDK's samples and the photos of a folder.
pub fn test(fixture: &Fixture, photos: &Path) -> Result<()> {
    fixture.skip_without_haar_detector()?;
    let header = "include/opencv4/opencv2/objdetect/packed_models.h";
    if !fixture.sdk.path().join(header).is_file() {
        return Err(skip_no_detector());
    }
    let programs = Programs::new(fixture)?;
    let program = programs.compile("haar", "detect_photos")?;
    let cascades = fixture.share_dir().join("haarcascades");
    let mut files = files_with_extension(&cascades, "xml")?;
    files.extend(photos::with_samples(photos, fixture)?);
    let script = WheelScript {
        release: Release::OpenCv4_5_5,
        path: "haar/wheel.py",
        options: &[],
        files: &files,
    };
    let folder = script.cached_results(fixture, &programs)?;
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let (requests, expected) = (read("requests")?, read("expected")?);
    let rectangles = expected.lines().filter(|line| *line != "0").count();
    ensure!(
        rectangles * 3 > expected.lines().count(),
        "the wheel finds rectangles for too few requests"
    );

    // An emulated processor is ten times slower.
    let variants: &[_] = match fixture.runner.is_emulated() {
        true => &[(1, "packed")],
        false => &[(1, "xml"), (1, "packed"), (2, "xml"), (4, "packed")],
    };
    let sh = Shell::new()?;
    let command = |(threads, form): &(u32, &str)| {
        let threads = threads.to_string();
        cmd!(sh, "{program} {cascades} {folder} {threads} {form}").into()
    };
    let ours = run_all(variants.iter().map(command).collect())?;
    for ((threads, form), ours) in variants.iter().zip(&ours) {
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

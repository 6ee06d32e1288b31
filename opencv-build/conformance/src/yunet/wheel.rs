//! Compares faces with those of OpenCV's Python wheel 4.14, from the same pixels: in photos, in images of odd sizes,
//! and in random pictures; with several thresholds, numbers of threads, and at each SIMD level.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use support::progress::print_status;
use support::run::{Shell, cmd};

use super::faces::{SAME_WEIGHTS, compare, parse};
use super::models::Models;
use super::references::{References, Results};
use crate::Fixture;
use crate::photos;
use crate::programs::{Programs, run_all};
use crate::reference::Release;
use crate::simd_levels::{SimdLevel, supported_levels};
use crate::wheel_results::WheelScript;

/// Random pictures in a batch: one batch without `--slow`. With it, the number of cases is divided by `SLOWDOWN`.
const PICTURES: u64 = 100;
/// The same for an emulated processor, which is ten times slower.
const EMULATED_PICTURES: u64 = 20;
const SLOWDOWN: u64 = 10;

/// The result of `wheel.py` for images that the wheel's network library computes wrongly.
const UNRELIABLE: &str = "unreliable";

/// Uses the SDK's samples, the photos of a folder, and random pictures. `model` is OpenCV's own model, which need not
/// exist; the references in the folder were made with it.
pub fn test(fixture: &Fixture, photos: &Path, model: &Path, slow: Option<u64>) -> Result<()> {
    let programs = Programs::new(fixture)?;
    let comparison = Comparison {
        program: programs.compile("yunet", "detect_faces")?,
        models: Models::of(fixture),
        is_emulated: fixture.runner.is_emulated(),
    };
    let run = |options: &[&str], photos: Vec<PathBuf>, out: Option<&Path>| -> Result<PathBuf> {
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let files: Vec<_> = [comparison.models.onnx.clone()].into_iter().chain(photos).collect();
        let script = WheelScript {
            release: Release::OpenCv4_14,
            path: "yunet/wheel.py",
            options: &options,
            files: &files,
        };
        match out {
            None => script.cached_results(fixture, &programs),
            Some(out) => script.run(fixture, out).map(|()| out.to_owned()),
        }
    };
    let folder = run(&["photos"], photos::with_samples(photos, fixture)?, None)?;
    let faces = comparison.compare_folder(&folder, "photos and odd sizes")?;
    comparison.compare_references(&folder, &faces, photos, model)?;

    // The pictures take too much space to keep more than the first batch.
    let pictures = if comparison.is_emulated {
        EMULATED_PICTURES
    } else {
        PICTURES
    };
    for batch in 0..slow.map_or(1, |cases| cases.div_ceil(SLOWDOWN * pictures)) {
        let (first, count) = ((batch * pictures).to_string(), pictures.to_string());
        let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
        let out = (batch > 0).then_some(scratch.path());
        let folder = run(&["random", &first, &count], photos::samples(fixture)?, out)?;
        comparison.compare_folder(&folder, &format!("{count} random pictures from {first}"))?;
    }
    Ok(())
}

struct Comparison {
    program: PathBuf,
    models: Models,
    is_emulated: bool,
}

/// The output of `detect_faces`.
struct Output {
    cpu_features: String,
    /// A line for each request.
    faces: String,
}

impl Comparison {
    fn command(&self, model: &Path, folder: &Path, threads: u32, disabled: &str) -> Result<Command> {
        let (sh, program, threads) = (Shell::new()?, &self.program, threads.to_string());
        let command = cmd!(sh, "{program} {model} {folder} {threads}");
        Ok(command.env("OPENCV_CPU_DISABLE", disabled).into())
    }

    fn run(commands: Vec<Command>) -> Result<Vec<Output>> {
        let outputs = run_all(commands)?.into_iter().map(|output| {
            let (cpu_features, faces) = output.split_once('\n').context("a program found nothing")?;
            Ok(Output {
                cpu_features: cpu_features.to_owned(),
                faces: faces.to_owned(),
            })
        });
        outputs.collect()
    }

    /// Compares all requests of a folder. Returns the faces that the packed model finds, a line for each request.
    fn compare_folder(&self, folder: &Path, what: &str) -> Result<String> {
        let expected = fs::read_to_string(folder.join("expected"))?;
        let requests = fs::read_to_string(folder.join("requests"))?;
        let Models { onnx, packed } = &self.models;
        let mut variants = vec![(packed, 1)];
        // An emulated processor is ten times slower.
        if !self.is_emulated {
            variants.extend([(packed, 2), (packed, 3), (packed, 4), (onnx, 1), (onnx, 3)]);
        }
        let commands = variants
            .iter()
            .map(|(model, threads)| self.command(model, folder, *threads, ""));
        let mut outputs = Self::run(commands.collect::<Result<_>>()?)?;
        let first = outputs.remove(0);
        for ((model, threads), other) in variants[1..].iter().zip(outputs) {
            let mut lines = first.faces.lines().zip(other.faces.lines()).zip(requests.lines());
            if let Some(((one, two), request)) = lines.find(|((one, two), _)| one != two) {
                bail!(
                    "`{request}` gives with `{}` and {threads} threads\n  | {two}\nand with the packed model and one\n  \
                     | {one}",
                    model.display()
                );
            }
        }
        let compare_level = |level: &SimdLevel, output: &Output| -> Result<()> {
            level.check_report(&output.cpu_features)?;
            let faces = compare_lines(&requests, &expected, &output.faces)
                .with_context(|| format!("at {} in {what}", level.name))?;
            print_status(&format!(
                "{what}, {}: {faces} faces are the same as the wheel's",
                level.name
            ));
            Ok(())
        };
        for level in supported_levels(&first.cpu_features) {
            if level.disabled_features.is_empty() {
                compare_level(&level, &first)?;
            } else {
                let command = self.command(packed, folder, 1, &level.cpu_disable())?;
                compare_level(&level, &Self::run(vec![command])?.remove(0))?;
            }
        }
        Ok(first.faces)
    }

    /// Compares with the reference files in the folder of photos: what the model finds that they were made with, and
    /// `rounded`, the faces that the SDK's model finds, whose weights are rounded.
    fn compare_references(&self, folder: &Path, rounded: &str, photos: &Path, model: &Path) -> Result<()> {
        let Some(references) = References::find(photos, model)? else {
            return Ok(());
        };
        let requests = fs::read_to_string(folder.join("requests"))?;
        let output = Self::run(vec![self.command(model, folder, 2, "")?])?.remove(0);
        let (same, rounded) = (
            Results::parse(&requests, &output.faces)?,
            Results::parse(&requests, rounded)?,
        );
        let faces = references.compare(&same, &rounded)?;
        print_status(&format!(
            "references: {faces} faces are the same with both sets of weights"
        ));
        Ok(())
    }
}

/// Returns the number of compared faces; fails at the first difference.
fn compare_lines(requests: &str, expected: &str, found: &str) -> Result<usize> {
    let lines = [requests, expected, found].map(|text| text.lines().count());
    ensure!(
        lines[0] == lines[1] && lines[0] == lines[2],
        "{} results for {} requests, and {} by the wheel",
        lines[2],
        lines[0],
        lines[1]
    );
    let mut compared = 0;
    for ((request, expected), found) in requests.lines().zip(expected.lines()).zip(found.lines()) {
        let found = parse(found)?;
        if expected == UNRELIABLE {
            continue;
        }
        let threshold = request.split_whitespace().nth(3).unwrap_or_default().parse()?;
        compared += compare(&parse(expected)?, &found, threshold, SAME_WEIGHTS)
            .with_context(|| format!("the request `{request}`"))?;
    }
    ensure!(
        compared * 4 > lines[0],
        "{compared} faces in {} requests are too few for a comparison",
        lines[0]
    );
    Ok(compared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(score: f32) -> String {
        format!("1 {} {score}", ["9"; 14].join(" "))
    }

    #[test]
    fn a_difference_is_shown_with_its_request() {
        let requests = "a.bgr 40 40 0.45 0.3 9\nb.bgr 9 9 0.45 0.3 9";
        let expected = format!("{}\n{UNRELIABLE}", line(0.8));
        let ours = |score| format!("{}\n{}", line(score), line(0.7));
        assert_eq!(compare_lines(requests, &expected, &ours(0.801)).unwrap(), 1);
        let error = compare_lines(requests, &expected, &ours(0.81)).unwrap_err();
        assert!(error.to_string().contains("a.bgr"), "{error}");
        assert!(compare_lines(requests, &expected, &line(0.8)).is_err());
    }

    #[test]
    fn too_few_faces_are_an_error() {
        let requests = ["a.bgr 40 40 0.45 0.3 9"; 4].join("\n");
        let error = compare_lines(&requests, "0\n0\n0\n0", "0\n0\n0\n0").unwrap_err();
        assert!(error.to_string().contains("too few"), "{error}");
    }
}

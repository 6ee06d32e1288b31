//! Photos in every format that the function reads, of a few thousand pixels each: a face in files of every kind, and the JPEG
//! files that `write_variants.c` of the crate `conformance` writes.

use anyhow::{Context, Result};
use conformance::jpeg::compile_variant_writer;
use image::imageops::{self, FilterType};

use super::super::build::{FuzzBuild, crate_dir};
use super::files::{NamedFile, read_all};
use crate::photo_variants;
use crate::sdk_fixture::sdk_fixture;
use package::workspace::Workspace;
use support::run::{Shell, cmd, output};

/// Where the face is in OpenCV's sample, with something round it, and how small it becomes.
const FACE: [u32; 4] = [196, 176, 216, 240];
const SMALL: (u32, u32) = (72, 80);

/// Which of the files of `write_variants.c` are taken: one size and quality of each kind.
const VARIANT_SUFFIX: &str = "-35x18-q75.jpg";

/// How the photos are looked at in turn: the four bytes that the target `photo` takes from the end.
const DETECTION_OPTIONS: [[u8; 4]; 6] = [
    [0, 0x20, 0, 94],
    [1, 0x20, 0, 94],
    [2, 0x19, 4, 50],
    [3, 0x2d, 0, 94],
    [4, 0x2c, 5, 9],
    [0x12, 0x63, 0x24, 79],
];

/// What photos are made of.
pub struct Photos<'a> {
    /// The project.
    pub workspace: &'a Workspace,
    /// OpenCV.
    pub built: &'a FuzzBuild,
}

impl Photos<'_> {
    /// All of them.
    pub fn files(&self) -> Result<Vec<NamedFile>> {
        let sample = self.built.sdk.path().join("share/samples/lena.jpg");
        let sample = image::open(&sample)
            .with_context(|| format!("failed to read `{}`", sample.display()))?
            .to_rgb8();
        let [x, y, width, height] = FACE;
        let face = imageops::crop_imm(&sample, x, y, width, height).to_image();
        let (width, height) = SMALL;
        let face = imageops::resize(&face, width, height, FilterType::Triangle);
        let mut files = photo_variants::valid_files(&face)?;
        // Lossy WebP, which nothing here writes.
        files.extend(read_all(&crate_dir(self.workspace).join("seeds"))?);
        let bad = photo_variants::invalid_files(&files)?.into_iter();
        // The file that is too large is only filled up with zeroes.
        let bad = bad
            .map(|(file, _)| file)
            .filter(|(name, _)| name != "fat.jpg");
        files.extend(bad);
        files.extend(self.jpeg_variants()?);
        Ok(files)
    }

    /// All of them, each with a way to look at it.
    pub fn with_detection_options(&self) -> Result<Vec<NamedFile>> {
        Ok(with_detection_options(self.files()?))
    }

    /// What `write_variants.c` writes, with the SDK's own libjpeg-turbo.
    fn jpeg_variants(&self) -> Result<Vec<NamedFile>> {
        let FuzzBuild {
            sdk,
            tools,
            runtime,
            ..
        } = self.built;
        let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
        let program = scratch.path().join("kinds");
        let (sh, paths) = (Shell::new()?, self.workspace.build_paths()?);
        let fixture = sdk_fixture(self.workspace, &paths, sdk, tools);
        let compile = compile_variant_writer(&fixture, &sh, &program);
        let compile = compile.arg("-Wl,--whole-archive").arg(runtime);
        output(compile.args([
            "-Wl,--no-whole-archive",
            "-lunwind",
            "-lpthread",
            "-ldl",
            "-lm",
        ]))?;
        let folders = &["complete", "truncated"].map(|name| scratch.path().join(name));
        for folder in folders {
            fs_err::create_dir(folder)?;
        }
        output(cmd!(sh, "{program} {folders...}"))?;
        let mut files = Vec::new();
        for folder in folders {
            let found = read_all(folder)?.into_iter();
            files.extend(found.filter(|(name, _)| name.ends_with(VARIANT_SUFFIX)));
        }
        Ok(files)
    }
}

/// The files, each with a way to look at it.
pub fn with_detection_options(files: Vec<NamedFile>) -> Vec<NamedFile> {
    let files = files.into_iter().zip(DETECTION_OPTIONS.into_iter().cycle());
    let with = |((name, mut file), way): (NamedFile, [u8; 4])| {
        file.extend(way);
        (name, file)
    };
    files.map(with).collect()
}

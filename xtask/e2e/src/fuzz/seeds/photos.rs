//! Photos of a few thousand pixels in every format that the function reads: a face in files of every kind, and the JPEG
//! files that `write_variants.c` in the crate `conformance` writes.

use std::path::Path;

use anyhow::{Context, Result};
use conformance::jpeg::compile_variant_writer;
use image::imageops::{self, FilterType};

use super::super::build::{FuzzBuild, crate_dir};
use super::files::{NamedFile, read_all};
use crate::photo_variants;
use package::workspace::Workspace;
use support::run::{Shell, cmd, output};

/// Left, top, width and height of the face in the sample, with a margin; and its size in the seeds.
const FACE: [u32; 4] = [164, 51, 122, 135];
const SMALL: (u32, u32) = (72, 80);

/// Selects one size and quality of each kind of file that `write_variants.c` writes.
const VARIANT_SUFFIX: &str = "-35x18-q75.jpg";

/// The options of detection, which photos get in turn: the last four bytes of an input of the target `photo`.
const DETECTION_OPTIONS: [[u8; 4]; 6] = [
    [0, 0, 60, 94],
    [0, 0x21, 0, 94],
    [2, 0, 200, 50],
    [3, 0x11, 4, 94],
    [0xa1, 0x21, 5, 9],
    [0x10, 2, 0, 79],
];

pub struct Photos<'a> {
    pub workspace: &'a Workspace,
    /// A photo with one face.
    pub sample: &'a Path,
    pub built: &'a FuzzBuild,
}

impl Photos<'_> {
    pub fn files(&self) -> Result<Vec<NamedFile>> {
        let sample = self.sample;
        let sample = image::open(sample)
            .with_context(|| format!("failed to read `{}`", sample.display()))?
            .to_rgb8();
        let [x, y, width, height] = FACE;
        let face = imageops::crop_imm(&sample, x, y, width, height).to_image();
        let (width, height) = SMALL;
        let face = imageops::resize(&face, width, height, FilterType::Triangle);
        let mut files = photo_variants::valid_files(&face)?;
        // Lossy WebP, for which there is no encoder here.
        files.extend(read_all(&crate_dir(self.workspace).join("seeds"))?);
        let bad = photo_variants::invalid_files(&files)?.into_iter();
        // The file that is too large is only padded with zeros.
        let bad = bad.map(|(file, _)| file).filter(|(name, _)| name != "fat.jpg");
        files.extend(bad);
        files.extend(self.jpeg_variants()?);
        Ok(files)
    }

    pub fn with_detection_options(&self) -> Result<Vec<NamedFile>> {
        Ok(with_detection_options(self.files()?))
    }

    /// The files that `write_variants.c` writes, with the SDK's own libjpeg-turbo.
    fn jpeg_variants(&self) -> Result<Vec<NamedFile>> {
        let FuzzBuild {
            sdk, tools, runtime, ..
        } = self.built;
        let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
        let program = scratch.path().join("kinds");
        let sh = Shell::new()?;
        let compile = compile_variant_writer((tools, sdk), self.workspace.root(), &sh, &program);
        let compile = compile.arg("-Wl,--whole-archive").arg(runtime);
        output(compile.args(["-Wl,--no-whole-archive", "-lunwind", "-lpthread", "-ldl", "-lm"]))?;
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

/// Appends the options of detection to each file.
pub fn with_detection_options(files: Vec<NamedFile>) -> Vec<NamedFile> {
    let files = files.into_iter().zip(DETECTION_OPTIONS.into_iter().cycle());
    let with = |((name, mut file), options): (NamedFile, [u8; 4])| {
        file.extend(options);
        (name, file)
    };
    files.map(with).collect()
}

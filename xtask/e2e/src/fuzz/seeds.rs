//! Seeds of the fuzzers: small valid files of every kind, generated here, and the cases in `../shared` if that exists.
//! Cases that are too large for mutation are only run once.

mod face_models;
mod files;
mod photos;
mod readers;
mod small_onnx;

use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use support::progress::print_status;

use super::build::FuzzBuild;
use super::target::Target;
use files::read_all;
use package::build::Build;

/// The largest seed, in bytes.
const MAX_SEED_BYTES: usize = 32 << 10;

/// Writes the seeds of `targets` to `work/seeds`, and cases that are only run to `work/cases`.
pub fn write(build: &Build, built: &FuzzBuild, targets: &[Target], work: &Path) -> Result<()> {
    let workspace = &build.workspace;
    let (seeds, cases) = (work.join("seeds"), work.join("cases"));
    for folder in [&seeds, &cases] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    let shared = workspace.root().join("../shared/cases");
    if !shared.is_dir() {
        print_status(&format!(
            "`{}` does not exist; the fuzzers start without those cases",
            shared.display()
        ));
    }
    let photos = photos::Photos {
        workspace,
        sample: build.package.sample_photo()?,
        built,
    };
    for target in targets {
        let name = target.name.as_str();
        let mut files = match name {
            "face_model" => face_models::files(built.sdk.path())?,
            "header" => photos.files()?,
            "photo" => photos.with_detection_options()?,
            "request" => readers::events(workspace)?,
            "options" => readers::options(),
            "orientation" => readers::exif(),
            "recipe" => readers::recipes(workspace)?,
            _ => readers::artefact(name)?,
        };
        let folders: &[&str] = match name {
            "header" | "photo" => &["photos", "hostile"],
            "request" => &["events"],
            "zip" => &["zips"],
            "archive" => &["images"],
            _ => &[],
        };
        for folder in folders {
            let mut found = read_all(&shared.join(folder))?;
            if name == "photo" {
                found = photos::with_detection_options(found);
            }
            files.extend(found);
        }
        for (file, content) in files {
            let small = content.len() <= MAX_SEED_BYTES.min(target.max_len);
            let folder = if small { &seeds } else { &cases };
            write_seed(&folder.join(name), &file, &content)?;
        }
    }
    Ok(())
}

fn write_seed(folder: &Path, name: &str, content: &[u8]) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join(name.replace('/', "-"));
    fs::write(&path, content)?;
    Ok(path)
}

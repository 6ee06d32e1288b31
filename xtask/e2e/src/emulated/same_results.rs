//! The function's responses to photos, and the files that it writes for them, are the same on both architectures.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::build::Build;
use package::build_function::build_function;
use serde_json::{Value, json};
use support::files::{file_name, files_with_extension};
use support::progress::print_status;

use crate::suite::Suite;

const BUCKET: &str = "photos";
/// Of Haar cascades, and of the network.
const PRESETS: [&str; 2] = ["original", "balanced"];
/// The photos for the network, which is slow in an emulator.
const NETWORK_PHOTOS: usize = 6;

pub fn test(build: &Build, host: &Build) -> Result<()> {
    let photos = photos(host)?;
    let [ours, theirs] = [Machine::start(build)?, Machine::start(host)?];
    let (mut faces, mut bytes) = (0, 0);
    for preset in PRESETS {
        let count = if preset == PRESETS[0] {
            photos.len()
        } else {
            NETWORK_PHOTOS
        };
        for photo in photos.iter().take(count) {
            let name = file_name(photo);
            let (response, written) = ours.process(photo, preset)?;
            let (expected, file) = theirs.process(photo, preset)?;
            ensure!(
                response == expected,
                "the response to `{name}` with `{preset}` is\n  | {response}\nand on this machine's processor\n  | {expected}"
            );
            ensure!(
                written == file,
                "the annotated `{name}` with `{preset}` differs from that of this machine's processor"
            );
            faces += expected["body"]["faces"].as_array().map_or(0, Vec::len);
            bytes += file.len();
        }
    }
    ensure!(faces > photos.len() / 2, "the photos have only {faces} faces");
    print_status(&format!(
        "{} photos: {faces} faces and {bytes} bytes of annotated photos are the same",
        photos.len()
    ));
    Ok(())
}

/// The labelled photos, or OpenCV's samples where those are missing.
fn photos(build: &Build) -> Result<Vec<PathBuf>> {
    let folder = build.workspace.root().join("../shared/photos");
    let labelled = match folder.is_dir() {
        true => files_with_extension(&folder, "jpg")?,
        false => Vec::new(),
    };
    match labelled.is_empty() {
        false => Ok(labelled),
        true => files_with_extension(&(Suite { build }).function()?.0.path().join("share/samples"), "jpg"),
    }
}

struct Machine(LocalLambda);

impl Machine {
    fn start(build: &Build) -> Result<Self> {
        let (sdk, function) = build_function(build)?;
        let lambda = LocalLambda::start(&build.workspace, (&sdk, &function), Engine::None, &[])?;
        lambda.storage.create_bucket(BUCKET)?;
        Ok(Self(lambda))
    }

    /// The response to a photo, and the file that was written for it.
    fn process(&self, photo: &Path, preset: &str) -> Result<(Value, Vec<u8>)> {
        let name = file_name(photo);
        self.0.storage.put(BUCKET, &name, photo)?;
        let event = json!({"BUCKET_NAME": BUCKET, "S3_KEY": name, "options": {"preset": preset}});
        let response = self.0.invoke(&event)?;
        let written = self.0.storage.get(BUCKET, &format!("{name}_rs.jpg"));
        Ok((response.clone(), written.with_context(|| response.to_string())?))
    }
}

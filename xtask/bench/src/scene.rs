//! Both functions, each under an emulator of its own and with the same S3 server and environment: ours from its
//! unpacked image, by the image's own loader, and Python's from its wheels.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::peer::Peer;
use super::photos::{Photo, Photos};
use super::setting::Setting;
use local::emulator::{Emulator, credentials};
use local::launch::{Launch, unpacked_command};
use local::rie;
use local::s3::S3Server;
use package::pack::base::Base;
use package::pack::function_image;
use support::interruption::{Cleanup, scratch};

const BUCKET: &str = "photos";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Python,
    Ours,
}

/// Both, the peer first.
pub const SIDES: [Side; 2] = [Side::Python, Side::Ours];
pub const PEER: &str = "Python";
pub const OURS: &str = "ours";

/// The peer's value and ours with their names, as groups of figures take them.
pub fn of_both([peer, ours]: [f64; 2]) -> [(&'static str, f64); 2] {
    [(PEER, peer), (OURS, ours)]
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => PEER,
            Self::Ours => OURS,
        }
    }
}

pub struct Scene {
    storage: S3Server,
    rie: PathBuf,
    /// Our image, unpacked, and what starts it.
    root: PathBuf,
    command: Vec<OsString>,
    peer: Peer,
    pub photos: Photos,
    // What is running goes before the folder that it runs in.
    scratch: TempDir,
    _cleanup: Cleanup,
}

impl Scene {
    pub fn set(setting: &Setting) -> Result<Self> {
        let (scratch, cleanup) = scratch(&setting.folder())?;
        let workspace = &setting.build.workspace;
        let Setting { sdk, binary, .. } = setting;
        let reference = format!("face-detect:bench-{}", std::process::id());
        let base = Base::Minimal;
        let image = function_image(scratch.path(), &reference, workspace, sdk, binary, &base)?;
        let root = std::path::absolute(scratch.path().join("root"))?;
        let photos = Photos::gather(setting)?;
        let storage = S3Server::start(&scratch.path().join("s3"))?;
        storage.create_bucket(BUCKET)?;
        for photo in photos.all.iter().chain([&photos.small, &photos.large]) {
            storage.put(BUCKET, &photo.name, &photo.path)?;
        }
        Ok(Self {
            storage,
            rie: rie::install(&workspace.paths()?.toolchain())?,
            command: unpacked_command(&image, &root)?,
            root,
            peer: Peer::install(setting)?,
            photos,
            scratch,
            _cleanup: cleanup,
        })
    }

    pub fn command(&self, side: Side) -> Vec<OsString> {
        match side {
            Side::Python => self.peer.command(),
            Side::Ours => self.command.clone(),
        }
    }

    pub fn work(&self, side: Side) -> PathBuf {
        match side {
            Side::Python => self.peer.task.clone(),
            Side::Ours => self.root.join("var/task"),
        }
    }

    pub fn files(&self, side: Side) -> Vec<PathBuf> {
        match side {
            Side::Python => self.peer.files(),
            Side::Ours => vec![self.root.clone()],
        }
    }

    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let storage = credentials(&self.storage);
        storage.into_iter().chain(self.peer.environment()).collect()
    }

    /// Starts a function under the emulator, which starts it at the first event.
    pub fn start(&self, side: Side) -> Result<Emulator> {
        let folder = self.scratch.path().join(side.name());
        fs::create_dir_all(&folder)?;
        let environment = self.peer.environment();
        let environment = environment.iter().map(|(name, value)| (*name, &**value));
        let environment: Vec<_> = environment.collect();
        let (command, work) = (self.command(side), self.work(side));
        let command = |launch: Launch| launch.command(&command, &work);
        Emulator::start((&self.rie, &folder), &self.storage, &environment, command)
            .with_context(|| format!("failed to start the function, {}", side.name()))
    }

    /// Has a function look at a photo; what it found, sorted, because with several threads OpenCV's own order
    /// depends on which of them ends first.
    pub fn look(&self, emulator: &Emulator, photo: &Photo) -> Result<Value> {
        let event = json!({"BUCKET_NAME": BUCKET, "S3_KEY": photo.name});
        let answer = emulator.invoke(&event)?;
        found(&answer).with_context(|| format!("{} is answered by {answer}", photo.name))
    }

    pub fn same(photo: &Photo, ours: &Value, theirs: &Value) -> Result<()> {
        ensure!(
            ours == theirs,
            "the functions find different faces in {}:\n  ours    {ours}\n  Python  {theirs}",
            photo.name
        );
        Ok(())
    }
}

fn found(answer: &Value) -> Option<Value> {
    let mut faces = answer.pointer("/body/faces")?.as_array()?.clone();
    for face in &mut faces {
        let eyes = face.get_mut("eyes")?.as_array_mut()?;
        eyes.sort_by_key(Value::to_string);
    }
    faces.sort_by_key(Value::to_string);
    Some(Value::Array(faces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_faces_in_another_order_are_the_same() {
        let answer = |faces: Value| json!({"statusCode": 200, "body": {"faces": faces}});
        let one = json!({"box": [1, 2, 3, 4], "eyes": [[5, 6, 7, 8], [1, 1, 1, 1]]});
        let same = json!({"box": [1, 2, 3, 4], "eyes": [[1, 1, 1, 1], [5, 6, 7, 8]]});
        let two = json!({"box": [9, 2, 3, 4], "eyes": []});
        let found = |faces: Value| found(&answer(faces)).unwrap();
        assert_eq!(found(json!([one, two])), found(json!([two, same])));
        assert_ne!(found(json!([one])), found(json!([two])));
        assert_eq!(super::found(&json!({"errorType": "NotAnImage"})), None);
    }
}

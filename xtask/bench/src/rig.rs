//! The bench rig: the functions, each under its own emulator, with the same S3 server. Ours runs from its unpacked
//! image with the image's own loader, those in Python from their wheels.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::context::BenchContext;
use super::function_log::FunctionLog;
use super::photos::{Photo, Photos};
use super::python_reference::{PythonReference, Release};
use local::emulator::{Emulator, credentials};
use local::launch::{EMULATOR_LOG, EmulatorLauncher, unpack_for_launch};
use local::rie::Rie;
use local::s3::S3Server;
use package::artefacts::base::Base;
use package::artefacts::write_function_image;
use support::interruption::{Cleanup, scratch_dir};

pub const BUCKET: &str = "photos";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Implementation {
    /// With OpenCV 4.5.5 and cascades, which does the same as our preset `original`.
    Python,
    /// With OpenCV 4.14 and its YuNet.
    PythonYunet,
    Ours,
}

/// The implementations in the order of values: the reference, then ours.
pub const IMPLEMENTATIONS: [Implementation; 2] = [Implementation::Python, Implementation::Ours];
pub const REFERENCE: &str = "Python";
pub const YUNET_REFERENCE: &str = "Python with YuNet";
pub const OURS: &str = "ours";

/// The reference's value and ours with their names, for [`Group`](super::figures::Group).
pub fn by_implementation([reference, ours]: [f64; 2]) -> [(&'static str, f64); 2] {
    [(REFERENCE, reference), (OURS, ours)]
}

impl Implementation {
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => REFERENCE,
            Self::PythonYunet => YUNET_REFERENCE,
            Self::Ours => OURS,
        }
    }
}

pub struct BenchRig {
    pub function_name: String,
    storage: S3Server,
    rie: Rie,
    /// Our unpacked image, and the command that starts it.
    root: PathBuf,
    command: Vec<OsString>,
    python: PythonReference,
    python_yunet: PythonReference,
    pub photos: Photos,
    scratch: TempDir,
    _cleanup: Cleanup,
}

impl BenchRig {
    pub fn start(context: &BenchContext) -> Result<Self> {
        let (scratch, cleanup) = scratch_dir(&context.results_dir())?;
        let workspace = &context.build.workspace;
        let BenchContext { sdk, function, .. } = context;
        let reference = format!("{}:bench-{}", function.package.name, std::process::id());
        let base = Base::Minimal;
        let image = write_function_image(scratch.path(), &reference, sdk, function, &base)?;
        let root = std::path::absolute(scratch.path().join("root"))?;
        let photos = Photos::collect(context)?;
        let storage = S3Server::start()?;
        storage.create_bucket(BUCKET)?;
        for photo in photos.all.iter().chain([&photos.small, &photos.large]) {
            storage.put(BUCKET, &photo.name, &photo.path)?;
        }
        Ok(Self {
            function_name: function.package.name.clone(),
            storage,
            rie: Rie::for_host(&workspace.build_paths()?.toolchain_dir())?,
            command: unpack_for_launch(&image, &root, function.architecture())?,
            root,
            python: PythonReference::install(workspace, sdk, Release::V4_5_5)?,
            python_yunet: PythonReference::install(workspace, sdk, Release::V4_14)?,
            photos,
            scratch,
            _cleanup: cleanup,
        })
    }

    pub fn command(&self, implementation: Implementation) -> Vec<OsString> {
        match implementation {
            Implementation::Ours => self.command.clone(),
            _ => self.python(implementation).command(),
        }
    }

    pub fn working_dir(&self, implementation: Implementation) -> PathBuf {
        match implementation {
            Implementation::Ours => self.root.join("var/task"),
            _ => self.python(implementation).task.clone(),
        }
    }

    pub fn files(&self, implementation: Implementation) -> Vec<PathBuf> {
        match implementation {
            Implementation::Ours => vec![self.root.clone()],
            _ => self.python(implementation).files(),
        }
    }

    pub fn environment(&self, implementation: Implementation) -> Vec<(&'static str, String)> {
        let storage = credentials(&self.storage).into_iter();
        storage.chain(self.python(implementation).environment()).collect()
    }

    /// Starts the emulator, which starts the function at the first event.
    pub fn start_function(&self, implementation: Implementation) -> Result<Emulator> {
        let folder = self.folder(implementation);
        fs::create_dir_all(&folder)?;
        let environment = self.python(implementation).environment();
        let environment = environment.iter().map(|(name, value)| (*name, &**value));
        let environment: Vec<_> = environment.collect();
        let (command, working_dir) = (self.command(implementation), self.working_dir(implementation));
        let command = |launcher: EmulatorLauncher| launcher.launch_command(&command, &working_dir);
        Emulator::start((&self.rie, &folder), &self.storage, &environment, command)
            .with_context(|| format!("failed to start the function, {}", implementation.name()))
    }

    /// The log of the function that was started last.
    pub fn function_log(&self, implementation: Implementation) -> Result<FunctionLog> {
        FunctionLog::open(&self.folder(implementation).join(EMULATOR_LOG))
    }

    fn folder(&self, implementation: Implementation) -> PathBuf {
        self.scratch.path().join(implementation.name())
    }

    /// Invokes a function with a direct event for a photo, for which our function uses `original`; returns the faces,
    /// sorted because OpenCV's order depends on which thread ends first.
    pub fn detect_faces(emulator: &Emulator, photo: &Photo) -> Result<Value> {
        let event = json!({"BUCKET_NAME": BUCKET, "S3_KEY": photo.name});
        let response = emulator.invoke(&event)?;
        sorted_faces(&response).with_context(|| format!("the response to {} is {response}", photo.name))
    }

    /// Ours has the environment of the first.
    fn python(&self, implementation: Implementation) -> &PythonReference {
        match implementation {
            Implementation::PythonYunet => &self.python_yunet,
            Implementation::Python | Implementation::Ours => &self.python,
        }
    }

    pub fn ensure_same_faces(photo: &Photo, ours: &Value, theirs: &Value) -> Result<()> {
        ensure!(
            ours == theirs,
            "the functions find different faces in {}:\n  ours    {ours}\n  Python  {theirs}",
            photo.name
        );
        Ok(())
    }
}

fn sorted_faces(response: &Value) -> Option<Value> {
    let mut faces = response.pointer("/body/faces")?.as_array()?.clone();
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
    fn faces_are_compared_in_any_order() {
        let response = |faces: Value| json!({"statusCode": 200, "body": {"faces": faces}});
        let one = json!({"box": [1, 2, 3, 4], "eyes": [[5, 6, 7, 8], [1, 1, 1, 1]]});
        let same = json!({"box": [1, 2, 3, 4], "eyes": [[1, 1, 1, 1], [5, 6, 7, 8]]});
        let two = json!({"box": [9, 2, 3, 4], "eyes": []});
        let found = |faces: Value| sorted_faces(&response(faces)).unwrap();
        assert_eq!(found(json!([one, two])), found(json!([two, same])));
        assert_ne!(found(json!([one])), found(json!([two])));
        assert_eq!(super::sorted_faces(&json!({"errorType": "NotAnImage"})), None);
    }
}

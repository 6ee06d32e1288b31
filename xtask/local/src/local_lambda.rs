//! A function's image under the emulator on this machine, with an S3 server.

use std::path::PathBuf;

use anyhow::{Context, Result};
use opencv_build::{Architecture, Sdk};
use package::function::Function;
use serde_json::{Value, json};
use support::progress::ProgressStep;
use tempfile::TempDir;

use super::emulator::Emulator;
use super::engine::Engine;
use super::launch::EmulatorLauncher;
use super::rie::Rie;
use super::s3::S3Server;
use package::artefacts::base::Base;
use package::artefacts::write_function_image;
use package::workspace::Workspace;
use support::interruption::{Cleanup, scratch_dir};

pub struct LocalLambda {
    pub emulator: Emulator,
    pub architecture: Architecture,
    pub storage: S3Server,
    /// The uncompressed size of the image.
    pub image_bytes: u64,
    /// A folder that is kept, for what the function writes.
    pub results: PathBuf,
    /// The program that emulates the function's architecture, if that is not this machine's.
    pub emulated_by: Option<String>,
    // Fields are dropped in order: the emulator stops before its folder is removed.
    pub scratch: TempDir,
    _cleanup: Cleanup,
}

/// What runs programs of another architecture; none for this machine's.
fn emulator_of(rie: &Rie, engine: Engine) -> Result<Option<String>> {
    if Architecture::host() == Some(rie.architecture) {
        return Ok(None);
    }
    match engine {
        Engine::Docker => Ok(Some("the emulator of Docker's kernel".to_owned())),
        Engine::None => Ok(Some(rie.runner()?.to_string())),
    }
}

impl LocalLambda {
    /// Starts the function with the variables that Lambda sets, the package's, and `environment`, which takes
    /// precedence.
    pub fn start(
        workspace: &Workspace,
        (sdk, function): (&Sdk, &Function),
        engine: Engine,
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        let rie = Rie::install(&workspace.build_paths()?.toolchain_dir(), function.architecture())?;
        let package = &function.package;
        let results = package.folder_in(package.workspace.target_dir().join("test-local"));
        // Both architectures can be tested by one command.
        let results = match Architecture::host() == Some(function.architecture()) {
            true => results,
            false => results.join(function.architecture().lambda_name()),
        };
        let (scratch, cleanup) = scratch_dir(&results)?;
        // A separate image, so that no other image is changed or loses its name.
        let reference = format!("{}:test-local-{}", function.package.name, std::process::id());
        let (folder, base) = (scratch.path(), Base::Minimal);
        let image = write_function_image(folder, &reference, sdk, function, &base)?;
        let storage = S3Server::start()?;
        let emulated_by = emulator_of(&rie, engine)?;
        let emulated = emulated_by.as_ref().map_or_else(String::new, |runner| {
            format!(", {} by {runner}", rie.architecture.lambda_name())
        });
        let _step = ProgressStep::start(format!("running the image (engine: {engine}{emulated})"));
        let launch = |launcher: EmulatorLauncher| match engine {
            Engine::Docker => launcher.launch_in_container(&image),
            Engine::None => launcher.launch_unpacked(&image),
        };
        let own = package.run_environment();
        let own = own.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let own = own.filter(|(name, _)| environment.iter().all(|(given, _)| given != name));
        let environment: Vec<_> = own.chain(environment.iter().copied()).collect();
        let emulator = Emulator::start((&rie, folder), &storage, &environment, launch)?;
        Ok(Self {
            emulator,
            architecture: function.architecture(),
            storage,
            image_bytes: image.layout.image().uncompressed_bytes(),
            results,
            emulated_by,
            scratch,
            _cleanup: cleanup,
        })
    }

    pub fn invoke(&self, event: &Value) -> Result<Value> {
        self.emulator.invoke(event)
    }

    /// The faces in a photo, by a direct event with `options`: a list of objects, as in the response.
    pub fn faces(&self, bucket: &str, key: &str, options: &Value) -> Result<Vec<Value>> {
        let event = json!({"BUCKET_NAME": bucket, "S3_KEY": key, "options": options});
        let response = self.invoke(&event)?;
        let faces = response.pointer("/body/faces").and_then(Value::as_array);
        let faces = faces.with_context(|| format!("the response to s3://{bucket}/{key} is {response}"))?;
        Ok(faces.clone())
    }
}

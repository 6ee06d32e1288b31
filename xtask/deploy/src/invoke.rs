//! `cargo xtask invoke`: invokes a deployed function with a photo, an object in S3 or an event, and shows its answer,
//! what it wrote, and what Lambda reported of the call. With `--local`, the function runs in the local emulator.

mod call;
mod local;
mod output;
mod request;
mod upload;
mod written;

use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use package::function_package::{FunctionPackage, PackageArguments, PhotoEvent, Sample, SampleRequest};
use package::workspace::Workspace;
use serde_json::Value;
use support::interruption::scratch_dir;
use support::progress::ProgressStep;

pub use self::call::FunctionFailed;
use self::call::{Answer, invoke};
pub use self::output::InvokeOutput;
use self::output::RemoteOutput;
use self::request::{Request, S3Object};
use self::upload::{Destination, Upload, exists};
use crate::aws::Aws;
use crate::function_version::FunctionVersion;
use crate::invocations::Invocations;
use crate::prices::Prices;
use crate::settings::Settings;

#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub package: PackageArguments,

    /// A photo, an object as s3://BUCKET/KEY, or an event as a file EVENT.json [default: the package's first sample]
    #[arg(value_name = "PHOTO|s3://BUCKET/KEY|EVENT.json")]
    request: Option<Request>,

    /// Invoke the function in the local emulator, as `cargo xtask test-local` does
    #[arg(long, conflicts_with_all = ["remote", "repeat", "name", "alias"])]
    pub local: bool,

    /// Invoke the deployed function, which is the default
    #[arg(long)]
    pub remote: bool,

    /// Invoke it this many times, one after the other
    #[arg(long, value_name = "N", default_value = "1")]
    pub repeat: NonZeroUsize,

    /// The function's name [default: `name` in deploy.toml, or the package's]
    #[arg(long)]
    pub name: Option<String>,

    /// The alias [default: `alias` in deploy.toml, or `live`; the version $LATEST if the function lacks it]
    #[arg(long)]
    pub alias: Option<String>,
}

/// An event, and the photo that it names.
struct Call<'a> {
    event: Value,
    photo: Option<S3Object>,
    /// What the package says that the function writes.
    result: Option<S3Object>,
    upload: Option<Upload<'a>>,
}

pub fn run(arguments: &Arguments) -> Result<InvokeOutput> {
    if arguments.local {
        let output = local::invoke(&arguments.package, arguments.request.as_ref())?;
        return Ok(InvokeOutput::Local(output));
    }
    let workspace = Workspace::find();
    let package = FunctionPackage::find(&workspace, &arguments.package)?;
    let settings = Settings::read(&package.manifest)?;
    let request = match &arguments.request {
        Some(request) => request.clone(),
        None => sample_request(&package)?,
    };
    let names = [&arguments.name, &settings.name].into_iter().flatten();
    let name = names.chain([&package.name]).next().map_or("", String::as_str);
    let mut aws = Aws::default();
    let function = FunctionVersion::find(&mut aws, name, arguments.alias.as_deref(), &settings)?;
    let call = Call::new(&mut aws, &request, &package, &settings, &function)?;
    let answers = call.repeat(&mut aws, &function, arguments.repeat.get(), &workspace.target_dir())?;
    output(&mut aws, &function, &call, answers).map(|output| InvokeOutput::Remote(Box::new(output)))
}

/// The first sample that needs nothing of the local S3 but its photo.
fn sample_request(package: &FunctionPackage) -> Result<Request> {
    let request = |sample: &Sample| match &sample.request {
        SampleRequest::Photo(photo) => Some(Request::Photo(photo.clone())),
        SampleRequest::Event { file, .. } if sample.objects.is_empty() => Some(Request::Event(file.clone())),
        SampleRequest::Event { .. } | SampleRequest::Http(_) => None,
    };
    package.samples.iter().find_map(request).with_context(|| {
        let manifest = package.manifest.display();
        format!("name a photo, s3://BUCKET/KEY or an event: `{manifest}` has no sample for a deployed function")
    })
}

impl<'a> Call<'a> {
    fn new(
        aws: &mut Aws,
        request: &'a Request,
        package: &FunctionPackage,
        settings: &Settings,
        function: &FunctionVersion,
    ) -> Result<Self> {
        match request {
            Request::Event(file) => {
                let text = fs::read_to_string(file).context("failed to read an event")?;
                let event = serde_json::from_str(&text);
                Ok(Self::of_event(event.with_context(|| {
                    format!("the event `{}` is not JSON", file.display())
                })?))
            }
            Request::Object(object) => Self::of_object(photo_event(package)?, object),
            Request::Photo(photo) => {
                let rule = photo_event(package)?;
                let Some(bucket) = rule.bucket() else {
                    return Ok(Self::of_event(rule.event(photo)?));
                };
                let destination = Destination::find(aws, function, settings, bucket)?;
                let upload = Upload::new(aws, photo, destination)?;
                let call = Self::of_object(rule, &upload.object)?;
                Ok(Self {
                    upload: Some(upload),
                    ..call
                })
            }
        }
    }

    fn of_event(event: Value) -> Self {
        Self {
            event,
            photo: None,
            result: None,
            upload: None,
        }
    }

    fn of_object(rule: &PhotoEvent, object: &S3Object) -> Result<Self> {
        let S3Object { bucket, key } = object;
        let result = rule.result_of_object(bucket, key);
        Ok(Self {
            result: result.map(|(bucket, key)| S3Object { bucket, key }),
            photo: Some(object.clone()),
            ..Self::of_event(rule.event_of_object(bucket, key)?)
        })
    }

    /// # Errors
    /// A call fails; it is the last one.
    fn repeat(&self, aws: &mut Aws, function: &FunctionVersion, number: usize, target: &Path) -> Result<Vec<Answer>> {
        let (folder, _cleanup) = scratch_dir(target)?;
        let event = folder.path().join("event.json");
        fs::write(&event, self.event.to_string())?;
        let answer = folder.path().join("answer");
        let mut progress = None;
        let mut answers = Vec::new();
        for done in 1..=number {
            if let Some(upload) = &self.upload {
                upload.put_if_missing(aws)?;
            }
            let start = || ProgressStep::start(format!("invoking {}", function.display_name()));
            let progress = progress.get_or_insert_with(start);
            let called = invoke(aws, function, &event, &answer);
            answers.push(match number {
                1 => called?,
                _ => called.with_context(|| format!("call {done} of {number}"))?,
            });
            if number > 1 {
                progress.advance(done as u64, number as u64);
            }
        }
        Ok(answers)
    }
}

fn photo_event(package: &FunctionPackage) -> Result<&PhotoEvent> {
    let rule = package.photo.as_ref();
    rule.with_context(|| {
        format!(
            "`[package.metadata.lambda]` of `{}` does not say how a photo becomes an event; add `photo.event`, or name \
             an event",
            package.manifest.display()
        )
    })
}

fn output(aws: &mut Aws, function: &FunctionVersion, call: &Call<'_>, answers: Vec<Answer>) -> Result<RemoteOutput> {
    let number = answers.len();
    let reports: Vec<_> = answers.iter().filter_map(|answer| answer.report.clone()).collect();
    let last = answers.into_iter().next_back().context("there was no call")?;
    let photo = call.photo.as_ref().map(ToString::to_string);
    let mut written = written::urls(&last.value, photo.as_deref());
    // Functions need not say it.
    if let (true, Some(result)) = (written.is_empty(), &call.result)
        && exists(aws, result)?
    {
        written.push(result.to_string());
    }
    let prices = Prices::embedded()?;
    let rates = prices.rates(function.architecture);
    Ok(RemoteOutput {
        function: function.display_name(),
        version: last.version,
        photo,
        response: last.value,
        written,
        invocations: Invocations::new(&reports, &prices, rates),
        reports,
        number,
    })
}

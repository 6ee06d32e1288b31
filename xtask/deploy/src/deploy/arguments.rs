//! The command line of `cargo xtask deploy`.

use std::path::Path;

use anyhow::{Context, Result};
use package::build;

use crate::emit;
use crate::settings::{OnFailure, PackageType, S3Prefix, Settings, UrlAccess};

#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    #[command(flatten)]
    pub target: Target,

    #[command(flatten)]
    pub emit: emit::Arguments,

    /// Deploy a zip archive for the runtime provided.al2023; the default
    #[arg(long, conflicts_with = "image")]
    pub zip: bool,

    /// Deploy an image, which is pushed to the account's registry
    #[arg(long)]
    pub image: bool,

    /// Where new objects trigger the function; may be given several times
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    pub on: Vec<S3Prefix>,

    /// Put a queue between S3 and the function
    #[arg(long)]
    pub queue: bool,

    /// Give the function a URL, for callers with credentials of AWS
    #[arg(long)]
    pub url: bool,

    /// Let anyone use the URL, at the account's expense
    #[arg(long, requires = "url")]
    pub public: bool,

    /// Take a snapshot after the start of the function, from which it is restored
    #[arg(long)]
    pub snapstart: bool,

    /// The function's memory in MB: 128 to 10240
    #[arg(long, value_name = "MB")]
    pub memory: Option<u32>,

    /// The function's timeout in seconds: 1 to 900
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u32>,

    /// An environment variable; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub env: Vec<(String, String)>,

    /// Where failed events go: `queue`, `none` or the ARN of a destination
    #[arg(long, value_name = "WHERE")]
    pub on_failure: Option<OnFailure>,

    /// How many days the function's logs are kept; 0 for ever
    #[arg(long, value_name = "DAYS")]
    pub log_retention: Option<u32>,

    /// The most invocations at once, kept for this function
    #[arg(long, value_name = "NUMBER")]
    pub reserved_concurrency: Option<u32>,

    /// A tag for everything that is made; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub tag: Vec<(String, String)>,

    /// Only show what would be done
    #[arg(long)]
    pub dry_run: bool,

    /// Carry it out without asking
    #[arg(long)]
    pub yes: bool,

    /// Point the alias to the version before, without building anything
    #[arg(long)]
    pub rollback: bool,
}

/// Which function is meant.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Target {
    /// The name of the function in the account [default: the name of the image and the archive]
    #[arg(long)]
    pub name: Option<String>,

    /// The alias that triggers and the URL use
    #[arg(long)]
    pub alias: Option<String>,
}

fn pair(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once('=').context("it is not of the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Arguments {
    /// The settings of all sources.
    pub fn settings(&self, manifest: &Path) -> Result<Settings> {
        Ok(self.own_settings().or(Settings::read(manifest)?))
    }

    fn own_settings(&self) -> Settings {
        let package = match (self.zip, self.image) {
            (true, _) => Some(PackageType::Zip),
            (_, true) => Some(PackageType::Image),
            (false, false) => None,
        };
        let url = match (self.url, self.public) {
            (_, true) => Some(UrlAccess::Public),
            (true, false) => Some(UrlAccess::Iam),
            (false, false) => None,
        };
        Settings {
            name: self.target.name.clone(),
            alias: self.target.alias.clone(),
            package,
            memory: self.memory,
            timeout: self.timeout,
            environment: self.env.iter().cloned().collect(),
            on: (!self.on.is_empty()).then(|| self.on.clone()),
            queue: self.queue.then_some(true),
            url,
            snapstart: self.snapstart.then_some(true),
            on_failure: self.on_failure.clone(),
            log_retention: self.log_retention,
            reserved_concurrency: self.reserved_concurrency,
            tags: self.tag.iter().cloned().collect(),
            access: None,
        }
    }
}

//! `cargo xtask pull`: an image of a registry as an OCI layout folder, without a container engine.

use std::path::PathBuf;

use anyhow::{Context, Result};
use layer::Digest;
use opencv_build::Architecture;
use serde::Serialize;

use crate::base::remote;
use crate::progress::Progress;
use package::workspace::Workspace;
use support::answer::{Answer, path, size};

#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    /// The image, as REGISTRY/NAME:TAG or REGISTRY/NAME@DIGEST
    pub reference: String,

    /// The layout's folder; what it holds of the image already is not fetched again [default:
    /// target/pulled/NAME]
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,

    /// Only the image for this architecture, of an image for several: x86_64 or aarch64
    #[arg(long)]
    pub architecture: Option<Architecture>,
}

#[derive(Serialize)]
pub struct PullAnswer {
    reference: String,
    /// The digest that the reference stands for; that of the index where one image was chosen.
    resolved: Digest,
    digest: Digest,
    media_type: String,
    layout: PathBuf,
    bytes: u64,
    fetched_bytes: u64,
}

pub fn run(arguments: &Arguments) -> Result<PullAnswer> {
    let reference = &arguments.reference;
    let remote = remote(reference)?;
    let folder = arguments.to.clone().unwrap_or_else(|| {
        let repository = remote.reference.repository();
        let name = repository.rsplit('/').next().unwrap_or(repository);
        Workspace::find().target().join("pulled").join(name)
    });
    let progress = Progress::start("pulling", reference);
    let pulled = layer_registry::pull(&remote, &folder, arguments.architecture, &|event| {
        progress.see(event);
    })
    .with_context(|| format!("failed to pull {reference}"))?;
    Ok(PullAnswer {
        reference: reference.clone(),
        resolved: pulled.resolved,
        digest: pulled.digest,
        media_type: pulled.media_type,
        layout: folder,
        bytes: pulled.bytes,
        fetched_bytes: pulled.fetched_bytes,
    })
}

impl Answer for PullAnswer {
    fn text(&self) -> String {
        let chosen = match self.digest == self.resolved {
            true => String::new(),
            false => format!(", one of the images of {}", self.resolved),
        };
        format!(
            "{}\n  from    {}{chosen}\n  layout  {}\n  blobs   {}, of which {} were fetched\n",
            self.digest,
            self.reference,
            path(&self.layout),
            size(self.bytes),
            size(self.fetched_bytes),
        )
    }
}

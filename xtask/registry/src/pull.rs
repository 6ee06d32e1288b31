//! `cargo xtask pull`: pulls an image into an OCI layout folder.

use std::path::PathBuf;

use anyhow::{Context, Result};
use layer::Digest;
use opencv_build::Architecture;
use serde::Serialize;

use crate::connection::{ConnectionOptions, authenticated_image};
use crate::progress::Progress;
use package::workspace::Workspace;
use support::output::{CommandOutput, display_path, format_bytes};

#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    /// The image, as REGISTRY/NAME:TAG or REGISTRY/NAME@DIGEST
    pub reference: String,

    /// The layout's folder; existing blobs are not downloaded again [default: target/pulled/NAME]
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,

    /// Pull only the image for this architecture from a multi-platform image: x86_64 or arm64
    #[arg(long, alias = "architecture", value_name = "ARCHITECTURE")]
    pub arch: Option<Architecture>,

    #[command(flatten)]
    pub connection: ConnectionOptions,
}

#[derive(Serialize)]
pub struct PullOutput {
    reference: String,
    /// The digest that the reference resolves to; that of the index if one of its images was selected.
    resolved_digest: Digest,
    digest: Digest,
    media_type: String,
    layout: PathBuf,
    bytes: u64,
    fetched_bytes: u64,
}

pub fn run(arguments: &Arguments) -> Result<PullOutput> {
    let reference = &arguments.reference;
    let image = authenticated_image(reference, &arguments.connection)?;
    let folder = arguments.to.clone().unwrap_or_else(|| {
        let repository = image.reference.repository();
        let name = repository.rsplit('/').next().unwrap_or(repository);
        Workspace::find().target_dir().join("pulled").join(name)
    });
    let progress = Progress::start("pulling", reference);
    let pulled = layer_registry::pull(&image, &folder, arguments.arch, &|event| {
        progress.update(event);
    })
    .with_context(|| format!("failed to pull {reference}"))?;
    Ok(PullOutput {
        reference: reference.clone(),
        resolved_digest: pulled.resolved_digest,
        digest: pulled.digest,
        media_type: pulled.media_type,
        layout: folder,
        bytes: pulled.bytes,
        fetched_bytes: pulled.fetched_bytes,
    })
}

impl CommandOutput for PullOutput {
    fn to_text(&self) -> String {
        let chosen = match self.digest == self.resolved_digest {
            true => String::new(),
            false => format!(", one of the images of {}", self.resolved_digest),
        };
        format!(
            "{}\n  from    {}{chosen}\n  layout  {}\n  blobs   {}, {} downloaded\n",
            self.digest,
            self.reference,
            display_path(&self.layout),
            format_bytes(self.bytes),
            format_bytes(self.fetched_bytes),
        )
    }
}

//! `cargo xtask push`: pushes an image of any maker to a registry. It is packed as Lambda needs it, and what would be
//! pushed is checked against Lambda's rules first.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use fs_err::{self as fs, File};
use layer::lint::{Finding, LintOptions, Severity, lint};
use layer::{Digest, open_image, pack, split_reference};
use layer_registry::{RegistryImage, push_layout};
use opencv_build::Architecture;
use package::artefacts::lint::format_finding;
use package::workspace::Workspace;
use serde::Serialize;
use support::files::temporary_dir_in;
use support::output::CommandOutput;
use support::progress::print_status;

use crate::connection::{ConnectionOptions, authenticated_image};
use crate::progress::Progress;

#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    /// A folder (an OCI layout, or skopeo's dir:) or an image archive (tar), written by any tool. If it has several
    /// images, PATH#TAG names one of them
    #[arg(value_name = "IMAGE")]
    pub image: String,

    /// Where to push it, as REGISTRY/NAME:TAG
    #[arg(value_name = "REF")]
    pub reference: String,

    /// Push only the image for this architecture of a multi-platform image: x86_64 or arm64. Lambda accepts no index
    #[arg(long, alias = "architecture", value_name = "ARCHITECTURE")]
    pub arch: Option<Architecture>,

    /// A repository of the same registry that has layers of the image, such as that of its base. They are mounted
    /// instead of sent, if the registry permits it; may be given several times
    #[arg(long, value_name = "NAME")]
    pub mount_from: Vec<String>,

    /// Push even if Lambda would refuse the image, for example a base without a program
    #[arg(long)]
    pub no_lint: bool,

    #[command(flatten)]
    pub connection: ConnectionOptions,
}

#[derive(Serialize)]
pub struct PushOutput {
    image: String,
    reference: String,
    /// The digest that the registry confirmed.
    digest: Digest,
    /// What was changed in the image, one sentence each.
    changes: Vec<String>,
    warnings: Vec<Finding>,
}

pub fn run(arguments: &Arguments) -> Result<PushOutput> {
    // Errors of the reference and of the settings come before any work.
    let mut destination = authenticated_image(&arguments.reference, &arguments.connection)?;
    for name in &arguments.mount_from {
        destination.add_mount_source(name)?;
    }
    let target_dir = Workspace::find().target_dir();
    fs::create_dir_all(&target_dir)?;
    let folder = temporary_dir_in(&target_dir, ".push-")?;
    let pushed = push(arguments, &destination, folder.path());
    pushed.with_context(|| format!("failed to push `{}` to {}", arguments.image, arguments.reference))
}

fn push(arguments: &Arguments, destination: &RegistryImage, folder: &Path) -> Result<PushOutput> {
    let (path, tag) = split_reference(&arguments.image);
    ensure_is_image(path)?;
    let source = open_image(path, tag)?;
    let changes = pack(source.as_ref(), arguments.arch, folder)?;
    for change in &changes {
        print_status(change);
    }
    let warnings = if arguments.no_lint {
        Vec::new()
    } else {
        check(folder, arguments.arch)?
    };
    let progress = Progress::start("pushing", &arguments.reference);
    Ok(PushOutput {
        image: arguments.image.clone(),
        reference: arguments.reference.clone(),
        digest: push_layout(destination, folder, &|event| progress.update(event))?,
        changes,
        warnings,
    })
}

/// Refuses what is not there, and zip archives, with their own remedies.
fn ensure_is_image(path: &Path) -> Result<()> {
    let display = path.display();
    ensure!(
        path.exists(),
        "there is no file or folder `{display}`; pull an image of a registry first, with `cargo xtask pull`"
    );
    if path.is_file() {
        let mut start = Vec::new();
        File::open(path)?.take(2).read_to_end(&mut start)?;
        ensure!(
            start != b"PK",
            "`{display}` is a zip archive and not an image; registries are not for zip archives, so upload it with \
             `aws lambda update-function-code --zip-file`"
        );
    }
    Ok(())
}

/// Checks the layout as it will be in the registry; returns its warnings, which are printed too.
fn check(layout: &Path, architecture: Option<Architecture>) -> Result<Vec<Finding>> {
    let options = LintOptions {
        architecture,
        in_registry: true,
        ..LintOptions::default()
    };
    let findings = lint(layout, &options)?.into_iter();
    let (errors, others): (Vec<_>, Vec<_>) = findings.partition(|finding| finding.severity == Severity::Error);
    for finding in &others {
        print_status(&format_finding(finding));
    }
    if errors.is_empty() {
        return Ok(others);
    }
    let shown: Vec<_> = errors.iter().map(format_finding).collect();
    bail!(
        "Lambda would refuse it:\n{}\nPush it nevertheless with --no-lint",
        shown.join("\n")
    )
}

impl CommandOutput for PushOutput {
    fn to_text(&self) -> String {
        let mut text = format!(
            "{}\n  image  {}\n  to     {}\n",
            self.digest, self.image, self.reference
        );
        for change in &self.changes {
            text += &format!("  note   {change}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_an_image_is_refused_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("function.zip");
        let reason = |path: &Path| ensure_is_image(path).unwrap_err().to_string();
        assert!(reason(&path).contains("cargo xtask pull"));
        fs::write(&path, b"PK\x05\x06").unwrap();
        assert!(reason(&path).contains("update-function-code"));
        fs::write(&path, b"P").unwrap();
        assert!(ensure_is_image(&path).is_ok());
        assert!(ensure_is_image(folder.path()).is_ok());
    }

    #[test]
    fn output_begins_with_the_digest_and_has_the_changes() {
        let output = PushOutput {
            image: "image.tar".to_owned(),
            reference: "h.example/a:1".to_owned(),
            digest: Digest::of(b"manifest"),
            changes: vec!["a layer is compressed".to_owned()],
            warnings: Vec::new(),
        };
        let text = output.to_text();
        assert_eq!(text.split_whitespace().next(), Some(output.digest.to_string().as_str()));
        assert!(
            text.ends_with("to     h.example/a:1\n  note   a layer is compressed\n"),
            "{text}"
        );
    }
}

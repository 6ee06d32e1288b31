//! Registry access for the build commands, by the separate program of `pull` and `push`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use layer::{Architecture, Digest};
use package::artefacts::base::{Base, BaseImage};
use package::program::{PULL, PUSH};
use package::workspace::Workspace;

/// The options for the hosts that are accessed by plain HTTP.
fn options(subcommand: &str, plain_http: &[String]) -> Vec<OsString> {
    let options = plain_http.iter().map(|host| format!("--plain-http={host}").into());
    [OsString::from(subcommand)].into_iter().chain(options).collect()
}

/// Pushes the layout in `folder` to `reference`; returns the digest that the registry confirmed.
pub fn push(folder: &Path, reference: &str, plain_http: &[String]) -> Result<Digest> {
    let output = PUSH.output(&options("push", plain_http), &[folder.into(), reference.into()])?;
    let confirmed = output.split_whitespace().next();
    Ok(confirmed.context("`push` printed no digest")?.parse()?)
}

/// Pushes the images of the layouts in `folders`, each for another architecture, and an index of them to `reference`;
/// returns the digests of the index and of the images.
pub fn push_index(folders: &[PathBuf], reference: &str, plain_http: &[String]) -> Result<(Digest, Vec<Digest>)> {
    let arguments = [reference.into()].into_iter().chain(folders.iter().map(OsString::from));
    let output = PUSH.output(&options("push-index", plain_http), &arguments.collect::<Vec<_>>())?;
    let mut digests = output.split_whitespace().map(str::parse);
    let index = digests.next().context("`push-index` printed no digest")??;
    Ok((index, digests.collect::<Result<_, _>>()?))
}

pub fn pull(reference: &str, folder: &Path, plain_http: &[String]) -> Result<()> {
    let mut subcommand = options("pull", plain_http);
    subcommand.extend(["--to".into(), folder.into()]);
    PULL.output(&subcommand, &[reference.into()]).map(|_| ())
}

/// The base, with its image pulled if it is not on this machine yet.
pub fn fetch_base(
    base: &Base,
    workspace: &Workspace,
    architecture: Architecture,
    plain_http: &[String],
) -> Result<Base> {
    let name = match base {
        Base::Image(image) if !image.layout.is_dir() => image.name.clone(),
        _ => return Ok(base.clone()),
    };
    let parent = workspace.target_dir().join("base");
    let arguments = [(&name).into(), architecture.name().into(), parent.into()];
    let layout = PULL.output(&options("base", plain_http), &arguments)?.into();
    Ok(Base::Image(BaseImage { name, layout }))
}

//! Registry access for the build commands, by the separate program of `pull` and `push`.

use std::ffi::OsString;
use std::path::Path;

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

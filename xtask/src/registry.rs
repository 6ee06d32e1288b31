//! Registry access for the build commands, by the separate program `pull`.

use std::path::Path;

use anyhow::Result;
use layer::{Architecture, Digest};
use package::artefacts::base::{Base, BaseImage};
use package::program::PULL;
use package::workspace::Workspace;

/// Pushes the layout in `folder` to `reference`; returns the digest that the registry confirmed.
pub fn push(folder: &Path, reference: &str) -> Result<Digest> {
    let confirmed = PULL.output(&["push".into()], &[folder.into(), reference.into()])?;
    Ok(confirmed.parse()?)
}

pub fn pull(reference: &str, folder: &Path) -> Result<()> {
    let subcommand = ["pull".into(), "--to".into(), folder.into()];
    PULL.output(&subcommand, &[reference.into()]).map(|_| ())
}

/// The base, with its image pulled if it is not on this machine yet.
pub fn fetch_base(base: &Base, workspace: &Workspace, architecture: Architecture) -> Result<Base> {
    let name = match base {
        Base::Image(image) if !image.layout.is_dir() => image.name.clone(),
        _ => return Ok(base.clone()),
    };
    let parent = workspace.target_dir().join("base");
    let arguments = [(&name).into(), architecture.name().into(), parent.into()];
    let layout = PULL.output(&["base".into()], &arguments)?.into();
    Ok(Base::Image(BaseImage { name, layout }))
}

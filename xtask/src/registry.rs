//! What the everyday verbs want of registries, by the program that knows them.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use package::pack::base::{Base, BaseImage};
use package::program::PULL;
use package::workspace::Workspace;

/// Pushes the layout in `folder` to `reference`; returns the digest that the registry confirmed.
pub fn push(folder: &Path, reference: &str) -> Result<String> {
    let arguments = ["push".into(), folder.into(), reference.into()];
    PULL.output(&arguments)
}

/// Pulls the image `reference` into `folder`.
pub fn pull(reference: &str, folder: &Path) -> Result<()> {
    let arguments: [OsString; 4] = [
        "pull".into(),
        reference.into(),
        "--to".into(),
        folder.into(),
    ];
    PULL.output(&arguments).map(|_| ())
}

/// The base with its image on this machine, fetched if need be.
pub fn fetched(base: &Base, workspace: &Workspace, architecture: &str) -> Result<Base> {
    let Base::Image(image) = base else {
        return Ok(base.clone());
    };
    if image.layout.is_dir() {
        return Ok(base.clone());
    }
    let parent = workspace.target().join("base");
    let arguments: [OsString; 4] = [
        "base".into(),
        image.name.clone().into(),
        architecture.into(),
        parent.into(),
    ];
    let layout = PULL.output(&arguments)?.into();
    let name = image.name.clone();
    Ok(Base::Image(BaseImage { name, layout }))
}

//! What the function's image is put on: the libraries that it needs, nothing, or another image.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use layer::elf::FunctionBinary;
use layer::{Layout, check_base, go_name, registry};

use super::annotations;
use crate::registry::{Progress, remote};
use crate::workspace::Workspace;

/// A base as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// The shared libraries that the function needs, from the build machine's glibc.
    #[default]
    Minimal,
    /// Nothing.
    Scratch,
    /// An image: a reference to one in a registry, or a layout folder.
    Image(String),
}

impl FromStr for Base {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "minimal" => Self::Minimal,
            "scratch" => Self::Scratch,
            other => Self::Image(other.to_owned()),
        })
    }
}

/// A base that was found to run the function.
pub struct Opened {
    /// Its image.
    pub layout: Layout,
    name: String,
}

impl Base {
    /// The image, if the base is one.
    ///
    /// # Errors
    /// It cannot be had, or could not run `binary`.
    pub fn open(&self, workspace: &Workspace, binary: &FunctionBinary) -> Result<Option<Opened>> {
        let Self::Image(name) = self else {
            return Ok(None);
        };
        let architecture = &binary.elf().architecture;
        let layout = layout(workspace, name, architecture)?;
        check_base(binary, &layout, name)?;
        let name = name.clone();
        Ok(Some(Opened { layout, name }))
    }
}

/// The image of the folder `name`, or else of a registry: by its digest, and fetched once.
fn layout(workspace: &Workspace, name: &str, architecture: &str) -> Result<Layout> {
    let path = Path::new(name);
    if path.is_dir() {
        return Ok(Layout::open(path, architecture)?);
    }
    let remote = remote(name).with_context(|| {
        format!("the base `{name}` is neither a layout folder nor a reference to an image")
    })?;
    // A reference by digest needs no registry once it is here.
    let digest = match remote.reference.digest() {
        Some(digest) => digest.to_owned(),
        None => registry::resolve(&remote)
            .with_context(|| format!("failed to look up the base {name}"))?,
    };
    let folder = workspace.target().join("base");
    let folder = folder.join(digest.replace(':', "-")).join(architecture);
    if let Ok(layout) = Layout::open(&folder, architecture) {
        return Ok(layout);
    }
    let progress = Progress::start("pulling", name);
    let remote = remote.at(&digest);
    let go_name = go_name(architecture);
    registry::pull(&remote, &folder, Some(&go_name), &|event| {
        progress.see(event)
    })
    .with_context(|| format!("failed to pull the base {name}"))?;
    Ok(Layout::open(&folder, architecture)?)
}

impl Opened {
    /// What it is called. A folder's name says something about this machine only.
    pub fn name(&self) -> &str {
        if Path::new(&self.name).is_dir() {
            self.layout.image().name()
        } else {
            &self.name
        }
    }

    /// What an image on it says about it.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        annotations::of_base(self.name(), &self.layout.image().digest().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_words_are_bases_of_ours_and_all_else_is_an_image() {
        assert_eq!("minimal".parse(), Ok(Base::Minimal));
        assert_eq!("scratch".parse(), Ok(Base::Scratch));
        let image = "public.ecr.aws/lambda/provided:al2023";
        assert_eq!(image.parse(), Ok(Base::Image(image.to_owned())));
    }
}

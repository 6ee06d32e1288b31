//! The base of the function's image: the libraries that it needs, nothing, or another image.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Result, ensure};
use layer::elf::FunctionBinary;
use layer::{Architecture, Layout, check_base};

use super::annotations::PREFIX;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// The shared libraries that the function needs, from its root folder with glibc.
    #[default]
    Minimal,
    Scratch,
    Image(BaseImage),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseImage {
    /// The name as given by the user: a reference, or the layout's folder.
    pub name: String,
    pub layout: PathBuf,
}

impl FromStr for Base {
    type Err = Infallible;

    /// Text other than `minimal` and `scratch` is the name of an image, whose layout is assumed to be in a folder of
    /// that name until it is pulled.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "minimal" => Self::Minimal,
            "scratch" => Self::Scratch,
            other => Self::Image(BaseImage {
                name: other.to_owned(),
                layout: other.into(),
            }),
        })
    }
}

impl BaseImage {
    /// # Errors
    /// The image cannot be read, or is for another architecture.
    pub fn require_architecture(&self, wanted: Architecture) -> Result<()> {
        let found = Layout::open(&self.layout, wanted)?.image().architecture();
        ensure!(
            found == wanted,
            "the base {} is for {found}, and the function for {wanted}",
            self.name
        );
        Ok(())
    }
}

/// A base image on which the function was checked to run.
pub struct OpenedBase {
    pub layout: Layout,
    name: String,
}

impl Base {
    pub fn open(&self, binary: &FunctionBinary) -> Result<Option<OpenedBase>> {
        let Self::Image(BaseImage { name, layout }) = self else {
            return Ok(None);
        };
        let layout = Layout::open(layout, binary.architecture())?;
        check_base(binary, &layout, name)?;
        let name = name.clone();
        Ok(Some(OpenedBase { layout, name }))
    }
}

impl OpenedBase {
    /// The user's name for it, or the layout's own if that is a folder, whose path is meaningless elsewhere.
    pub fn name(&self) -> &str {
        if Path::new(&self.name).is_dir() {
            self.layout.image().name()
        } else {
            &self.name
        }
    }

    pub fn annotations(&self) -> [(String, String); 2] {
        let said = |key: &str, value: String| (format!("{PREFIX}.base.{key}"), value);
        let digest = self.layout.image().digest().to_string();
        [said("name", self.name().to_owned()), said("digest", digest)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimal_and_scratch_are_bases_and_other_text_is_an_image() {
        assert_eq!("minimal".parse(), Ok(Base::Minimal));
        assert_eq!("scratch".parse(), Ok(Base::Scratch));
        let image = "public.ecr.aws/lambda/provided:al2023";
        assert_eq!(
            image.parse(),
            Ok(Base::Image(BaseImage {
                name: image.to_owned(),
                layout: image.into(),
            }))
        );
    }
}

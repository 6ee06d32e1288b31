//! `cargo xtask size`: how large everything is that is built, and of what.

mod bootstrap;
mod explain;
mod graph;
mod libraries;
mod link;
mod map;
mod merged;
mod name;
mod packed;
mod part;
mod place;
mod program;
mod report;
mod share;
mod shared;
mod unwind;

use anyhow::Result;
use serde::Serialize;

use crate::answer::{Answer, size, table};
use crate::build_function::{built, file_size};
use crate::build_opencv::Arguments;
use crate::pack::base::Base;
use crate::pack::{Written, images};
use crate::workspace::Workspace;

/// The report.
#[derive(Serialize)]
pub struct SizeAnswer {
    artifacts: Vec<Artifact>,
}

/// Something that was built.
#[derive(Serialize)]
struct Artifact {
    name: String,
    bytes: u64,
    parts: Vec<Part>,
}

/// What it consists of.
#[derive(Serialize)]
struct Part {
    name: String,
    bytes: u64,
}

impl Artifact {
    fn new(name: impl Into<String>, parts: Vec<Part>) -> Self {
        Self {
            name: name.into(),
            bytes: parts.iter().map(|part| part.bytes).sum(),
            parts,
        }
    }
}

/// Builds everything and measures it.
pub fn run(arguments: &Arguments) -> Result<SizeAnswer> {
    let workspace = Workspace::find();
    let (sdk, binary) = built(&workspace, arguments)?;
    let t = std::time::Instant::now();
    let (toolchain, _) = opencv_build::build::tools(
        &crate::build_opencv::recipe(&workspace, arguments)?,
        &workspace.places()?,
    )?;
    let record = link::LinkRecord::open(
        &crate::build_function::link_record(&workspace, &sdk.manifest().target),
        &toolchain.zig(),
    )?;
    let members = place::Members::of(&sdk)?;
    eprintln!("{:?}", t.elapsed());
    let data = link::read(binary.path())?;
    let pieces = bootstrap::pieces(&data, &record, &members)?;
    eprintln!("{:?}", t.elapsed());
    let mut tree = bootstrap::tree(&pieces);
    eprintln!("{:?} {} {}", t.elapsed(), tree.bytes, data.len());
    let libs = libraries::tree(&sdk, &pieces)?;
    let mut artefacts = packed::images(&workspace, &sdk, &binary, &tree)?;
    eprintln!("{:?}", t.elapsed());
    let (zip, p) = packed::archive(&workspace, &sdk, &binary)?;
    tree.packed = Some(p);
    artefacts.extend([zip, libs, tree]);
    eprintln!("{:?}", t.elapsed());
    for a in &artefacts { a.check()?; }
    std::fs::write("/tmp/tree.json", serde_json::to_string(&Part2 { name: "all", parts: artefacts })?)?;
    let libraries = sdk.manifest().libraries.iter().map(|library| Part {
        name: library.file.clone(),
        bytes: library.bytes,
    });
    let program = Part {
        name: "bootstrap".to_owned(),
        bytes: file_size(binary.path())?,
    };
    let mut artifacts = vec![
        Artifact::new("static libraries", libraries.collect()),
        Artifact::new("function", vec![program]),
    ];
    let images = images(&workspace, &sdk, &binary, &Base::Minimal)?;
    artifacts.extend(images.iter().flat_map(image));
    Ok(SizeAnswer { artifacts })
}

/// An image as it lies on disk and as a registry stores it.
fn image(written: &Written) -> [Artifact; 2] {
    let image = written.layout.image();
    let part = |name: &str, bytes| Part {
        name: name.to_owned(),
        bytes,
    };
    let layers = image.layers();
    let unpacked = layers
        .iter()
        .map(|l| part(&l.created_by, l.unpacked_bytes))
        .collect();
    let mut packed: Vec<_> = layers
        .iter()
        .map(|l| part(&l.created_by, l.packed_bytes))
        .collect();
    let documents = image.packed_bytes() - packed.iter().map(|part| part.bytes).sum::<u64>();
    packed.push(part("configuration and manifest", documents));
    let name = image.name();
    [
        Artifact::new(format!("image {name}, unpacked"), unpacked),
        Artifact::new(format!("image {name}, packed"), packed),
    ]
}

impl Answer for SizeAnswer {
    fn text(&self) -> String {
        let mut rows = Vec::new();
        for artifact in &self.artifacts {
            rows.push(vec![artifact.name.clone(), size(artifact.bytes)]);
            for part in &artifact.parts {
                rows.push(vec![format!("  {}", part.name), size(part.bytes)]);
            }
        }
        table(&rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_is_the_sum_of_its_parts() {
        let part = |bytes| Part {
            name: "p".into(),
            bytes,
        };
        assert_eq!(Artifact::new("a", vec![part(3), part(4)]).bytes, 7);
    }
}

#[derive(Serialize)] struct Part2 { name: &'static str, parts: Vec<part::Part> }

//! `cargo xtask size`: how large everything is that is built, and of what: every byte of every artefact, what
//! it was before, and what others need for the same.

mod ablate;
mod baseline;
mod bootstrap;
pub mod budget;
mod bytes;
mod change;
mod explain;
mod figures;
mod graph;
mod history;
mod keep;
mod libraries;
mod link;
mod map;
mod markdown;
mod merged;
mod name;
mod packed;
pub mod page;
pub mod part;
mod peers;
mod place;
mod program;
mod relink;
pub mod report;
mod revision;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod schema;
mod share;
mod shared;
mod tables;
mod text;
mod unwind;
mod variant;

use std::thread;

use anyhow::{Context, Result, anyhow};
use layer::elf::FunctionBinary;
use opencv_build::build::tools;
use opencv_build::progress::tell;
use opencv_build::sdk::Sdk;

use self::bootstrap::Linking;
use self::explain::Explanation;
use self::link::LinkRecord;
use self::place::Members;
use self::report::Report;
use crate::answer::print;
use crate::build_function::{self, built, link_record};
use crate::build_opencv;
use crate::workspace::Workspace;

/// What was built, and all that it takes to say what it is made of.
pub struct Built {
    pub sdk: Sdk,
    pub binary: FunctionBinary,
    content: Vec<u8>,
    linking: Linking,
    members: Members,
}

impl Built {
    /// Builds the function, and once more if nothing tells how it was linked.
    pub fn new(workspace: &Workspace, arguments: &build_opencv::Arguments) -> Result<Self> {
        let (sdk, binary) = built(workspace, arguments)?;
        let target = sdk.manifest().target;
        let found = Self::read(workspace, arguments, sdk, binary);
        let Err(error) = found else {
            return found;
        };
        tell(&format!("linking the function again, because: {error:#}"));
        build_function::forget(workspace, &target)?;
        let (sdk, binary) = built(workspace, arguments)?;
        Self::read(workspace, arguments, sdk, binary)
    }

    fn read(
        workspace: &Workspace,
        arguments: &build_opencv::Arguments,
        sdk: Sdk,
        binary: FunctionBinary,
    ) -> Result<Self> {
        let recipe = build_opencv::recipe(workspace, arguments)?;
        let (toolchain, _) = tools(&recipe, &workspace.places()?)?;
        let folder = link_record(workspace, &sdk.manifest().target);
        let record = LinkRecord::open(&folder, &toolchain.zig())?;
        let content = link::read(binary.path())?;
        let linking = Linking::of(&content, &record)?;
        let members = Members::of(&sdk)?;
        Ok(Self {
            sdk,
            binary,
            content,
            linking,
            members,
        })
    }

    /// Why what has `name` in its name is in the function.
    pub fn explain(&self, name: &str) -> Result<Explanation> {
        self.linking.explain(&self.members, name)
    }

    /// The sizes of all artefacts.
    pub fn report(&self, workspace: &Workspace) -> Result<Report> {
        let (pieces, opened, archive) = thread::scope(|scope| {
            let pieces = scope.spawn(|| self.linking.pieces(&self.content, &self.members));
            let opened = packed::images(workspace, &self.sdk, &self.binary)?;
            let archive = packed::archive(workspace, &self.sdk, &self.binary)?;
            let pieces = pieces.join().map_err(|_| anyhow!("looking into it failed"));
            anyhow::Ok((pieces??, opened, archive))
        })
        .context("failed to look into what was built")?;
        let mut bootstrap = bootstrap::tree(&pieces);
        let (archive, packed) = archive;
        bootstrap.packed = Some(packed);
        let images = opened.iter().map(|image| image.tree(&bootstrap));
        let mut artefacts = images.collect::<Result<Vec<_>>>()?;
        artefacts.push(archive);
        artefacts.push(libraries::tree(&self.sdk, &pieces)?);
        artefacts.insert(0, bootstrap);
        for artefact in &artefacts {
            artefact.check()?;
        }
        Ok(Report {
            architecture: self.sdk.manifest().target.architecture.to_string(),
            revision: None,
            artefacts,
        })
    }
}

/// What to measure.
#[derive(clap::Args, Clone, Debug, Default)]
// Two structs of the same name would be one group of options.
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build_opencv::Arguments,

    /// Say why a function or variable is linked: the chain of references from where the program starts
    #[arg(long, value_name = "NAME")]
    pub explain: Option<String>,
}

/// Builds everything and measures it.
pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let workspace = Workspace::find();
    let built = Built::new(&workspace, &arguments.build)?;
    if let Some(name) = &arguments.explain {
        return print(&built.explain(name)?, json);
    }
    let report = built.report(&workspace)?;
    std::fs::write(
        "/tmp/tree.json",
        serde_json::to_string(&Part2 {
            name: "all",
            parts: report.artefacts,
        })?,
    )?;
    Ok(())
}
#[derive(serde::Serialize)]
struct Part2 {
    name: &'static str,
    parts: Vec<part::Part>,
}

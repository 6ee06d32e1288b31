//! What is measured: the SDK, the function, and how that was linked.

use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, anyhow};
use fs_err as fs;
use layer::Digest;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use support::progress::tell;

use super::arguments::{Against, Arguments};
use super::bootstrap::{self, Linking};
use super::explain::Explanation;
use super::link::LinkRecord;
use super::place::Members;
use super::report::{Ablation, Baseline, Report};
use super::revision::revision;
use super::variant::{Linked, Ours};
use super::{ablate, baseline, libraries, packed, relink};
use package::build::Build;
use package::build_function::{self, built, link_record};

pub struct Built<'a> {
    pub build: &'a Build,
    pub sdk: Sdk,
    pub binary: FunctionBinary,
    content: Vec<u8>,
    record: LinkRecord,
    linking: Linking,
    members: Members,
}

impl<'a> Built<'a> {
    /// Builds the function, and once more if nothing tells how it was linked.
    pub fn new(build: &'a Build) -> Result<Self> {
        let (sdk, binary) = built(build)?;
        let error = match Self::read(build, sdk, binary) {
            Err(error) => error,
            found => return found,
        };
        tell(&format!("linking the function again, because: {error:#}"));
        build_function::forget(&build.workspace, &build.recipe.target)?;
        let (sdk, binary) = built(build)?;
        Self::read(build, sdk, binary)
    }

    fn read(build: &'a Build, sdk: Sdk, binary: FunctionBinary) -> Result<Self> {
        let workspace = &build.workspace;
        let folder = link_record(workspace, &build.recipe.target);
        let record = LinkRecord::open(&folder, workspace.root(), &build.tools()?.zig())?;
        let content = fs::read(binary.path())?;
        let linking = Linking::of(&content, &record)?;
        let members = Members::of(&sdk)?;
        Ok(Self {
            build,
            sdk,
            binary,
            content,
            record,
            linking,
            members,
        })
    }

    pub fn explain(&self, name: &str) -> Result<Explanation> {
        self.linking.explain(&self.members, name)
    }

    pub fn report(&self) -> Result<Report> {
        let workspace = &self.build.workspace;
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
            architecture: self.sdk.manifest().target.architecture,
            revision: revision(workspace.root()),
            artefacts,
        })
    }

    /// The function linked with static libraries, in that order, instead of the SDK's.
    pub fn relinked(&self, name: &str, libraries: &[PathBuf]) -> Result<Linked> {
        relink::relink(&self.record, &self.sdk, name, libraries)
    }

    pub fn results(&self) -> PathBuf {
        let workspace = &self.build.workspace;
        let architecture = self.sdk.manifest().target.architecture;
        workspace.target().join("size").join(architecture.name())
    }

    pub fn variants(&self, arguments: &Arguments) -> Result<(Option<Baseline>, Vec<Ablation>)> {
        let relink = |name: &str, libraries: &[PathBuf]| self.relinked(name, libraries);
        let ours = Ours {
            build: self.build,
            sdk: &self.sdk,
            function: Digest::of(&self.content).hex(),
            relink: &relink,
            results: self.results(),
        };
        if let Some(Against::Full) = arguments.baseline {
            baseline::build(&ours)?;
        }
        if arguments.ablate {
            ablate::build(&ours)?;
        }
        Ok((baseline::of(&ours)?, ablate::of(&ours)?))
    }
}

//! The measured build: the SDK, the function and the record of its link.

use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, anyhow};
use fs_err as fs;
use layer::Digest;
use opencv_build::Sdk;
use package::function::Function;
use support::progress::print_status;

use super::arguments::{Arguments, BaselineKind};
use super::attribution::LibraryMembers;
use super::bootstrap::{self, LinkAnalysis};
use super::comparison::{ComparisonContext, LinkedSizes};
use super::explain::Explanation;
use super::link::LinkRecord;
use super::report::{Ablation, Baseline, Report};
use super::revision::revision;
use super::{ablate, artefacts, baseline, libraries, relink};
use package::build::Build;
use package::build_function::{self, build_function, link_record_dir};

pub struct BuildOutput<'a> {
    pub build: &'a Build,
    pub sdk: Sdk,
    pub function: Function,
    content: Vec<u8>,
    record: LinkRecord,
    link_analysis: LinkAnalysis,
    members: LibraryMembers,
}

impl<'a> BuildOutput<'a> {
    /// Builds the function, and builds it again if the record of its link is missing or unusable.
    pub fn new(build: &'a Build) -> Result<Self> {
        let (sdk, function) = build_function(build)?;
        let error = match Self::read(build, sdk, function) {
            Err(error) => error,
            found => return found,
        };
        print_status(&format!("linking the function again, because: {error:#}"));
        build_function::force_relink(&build.package, &build.recipe.target)?;
        let (sdk, function) = build_function(build)?;
        Self::read(build, sdk, function)
    }

    fn read(build: &'a Build, sdk: Sdk, function: Function) -> Result<Self> {
        let package = &build.package;
        let folder = link_record_dir(package, &build.recipe.target);
        let record = LinkRecord::open(&folder, package.workspace.root(), &build.tools()?.zig())?;
        let content = fs::read(function.path())?;
        let link_analysis = LinkAnalysis::read(&content, &record)?;
        let members = LibraryMembers::new(&sdk, package)?;
        Ok(Self {
            build,
            sdk,
            function,
            content,
            record,
            link_analysis,
            members,
        })
    }

    pub fn explain(&self, name: &str) -> Result<Explanation> {
        self.link_analysis.explain(&self.members, name)
    }

    pub fn report(&self) -> Result<Report> {
        let workspace = &self.build.workspace;
        let (spans, images, archive) = thread::scope(|scope| {
            let spans = scope.spawn(|| self.link_analysis.spans(&self.content, &self.members));
            let images = artefacts::images(workspace, &self.sdk, &self.function)?;
            let archive = artefacts::zip_archive(&self.sdk, &self.function)?;
            let spans = spans.join().map_err(|_| anyhow!("failed to analyse the binary"));
            anyhow::Ok((spans??, images, archive))
        })
        .context("failed to analyse the build's output")?;
        let mut bootstrap = bootstrap::tree(&spans);
        let (archive, compressed_bytes) = archive;
        bootstrap.compressed_bytes = Some(compressed_bytes);
        let sysroot = self.function.libraries.sysroot.root()?;
        let trees = images.iter().map(|image| image.tree(&bootstrap, &sysroot));
        let mut artefacts: Vec<_> = trees.collect();
        artefacts.push(archive);
        artefacts.push(libraries::tree(&self.sdk, &spans)?);
        artefacts.insert(0, bootstrap);
        for artefact in &artefacts {
            artefact.check_sums()?;
        }
        Ok(Report {
            architecture: self.sdk.manifest().target.architecture,
            revision: revision(self.build.package.workspace.root()),
            artefacts,
        })
    }

    /// Links the function with static libraries, in that order, instead of the SDK's.
    pub fn relink(&self, name: &str, libraries: &[PathBuf]) -> Result<LinkedSizes> {
        relink::relink(&self.record, &self.sdk, name, libraries)
    }

    pub fn results_dir(&self) -> PathBuf {
        let package = &self.build.package;
        let architecture = self.sdk.manifest().target.architecture;
        let sizes = package.workspace.target_dir().join("size");
        package.folder_in(sizes.join(architecture.name()))
    }

    pub fn compare_variants(&self, arguments: &Arguments) -> Result<(Option<Baseline>, Vec<Ablation>)> {
        let relink = |name: &str, libraries: &[PathBuf]| self.relink(name, libraries);
        let ours = ComparisonContext {
            build: self.build,
            sdk: &self.sdk,
            function: Digest::of(&self.content).hex(),
            relink: &relink,
            results_dir: self.results_dir(),
        };
        if let Some(BaselineKind::Full) = arguments.baseline {
            baseline::build(&ours)?;
        }
        if arguments.ablate {
            ablate::build_variants(&ours)?;
        }
        Ok((baseline::measure(&ours)?, ablate::measure(&ours)?))
    }
}

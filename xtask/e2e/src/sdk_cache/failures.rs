//! A small SDK with registries that fail: whatever happens, an SDK that works is there afterwards, and none that is not
//! the recipe's own. Only the first build compiles; later ones find its results.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use layer::{Content, FileTree, LayoutWriter, Mode};
use opencv_build::{BuildPaths, Sdk, SdkOrigin};
use package::build::{Arguments, Build};
use package::build_opencv::{BuildOpencvOutput, build_and_push};
use package::sdk_cache::SdkCache;
use registry::sdk::SDK_ARTEFACT_TYPE;
use support::files::{all_files, copy_tree, file_name, file_size, temporary_dir_in};
use support::progress::print_status;

use crate::fault_proxy::{Fault, Proxy};
use crate::interrupted_builds::BuildFixture;
use crate::registries::{HTPASSWD_LINE, Registry, push, registry_image};
use crate::{promises, tree_diff};

struct SmallSdk {
    build: Build,
    /// A copy of the SDK of the first build.
    expected: PathBuf,
}

pub fn test(build: &Build) -> Result<()> {
    let workspace = &build.workspace;
    // Provides the toolchain and the source.
    let project_sdk = build.build_sdk()?;
    let scratch = temporary_dir_in(&workspace.target_dir(), "sdk-cache-")?;
    let at = |name: &str| scratch.path().join(name);
    BuildFixture::new(workspace, scratch.path())?.write_recipe(&["core"])?;
    let mut own = Build::read(&Arguments {
        recipe: Some(at("opencv.toml")),
        ..Arguments::default()
    })?;
    own.paths = BuildPaths::new(scratch.path())?.with_shared_dir(workspace.build_paths()?.shared_dir())?;
    let registry = Registry::start(scratch.path(), None)?;
    let proxy = Proxy::start(registry.address())?;
    let repository = format!("{}/team/sdk", proxy.address());
    own.sdk_cache = Some(SdkCache::new(&repository, &[])?);

    print_status("building and pushing");
    let built = build_and_push(&own, true)?;
    ensure!(
        built.origin == SdkOrigin::Built && built.pull_failure.is_none(),
        "the first build was {:?}",
        built.origin
    );
    let pushed = built.pushed.context("the SDK was not pushed")?;
    ensure!(!pushed.existed, "a new registry has the SDK");
    copy_tree(&built.sdk, &at("expected"))?;
    let mut small = SmallSdk {
        build: own,
        expected: at("expected"),
    };
    small.expect_pulled()?;

    print_status("changing what the registry sends");
    let digits = blob_of_largest_size(scratch.path())?;
    let flip: fn(&mut Vec<u8>) = |body| {
        let middle = body.len() / 2;
        if let Some(byte) = body.get_mut(middle) {
            *byte ^= 1;
        }
    };
    proxy.set_faults(move |request| match request.path.ends_with(&digits) {
        true => Fault::RewriteBody(flip),
        false => Fault::Pass,
    });
    small.expect_built("failed to verify blob")?;
    proxy.set_faults(
        |request| match request.method == "GET" && request.path.contains("/manifests/") {
            true => Fault::Respond("503 Service Unavailable"),
            false => Fault::Pass,
        },
    );
    small.expect_built("cannot serve manifest")?;
    proxy.set_faults(|_| Fault::Pass);
    small.expect_pulled()?;

    print_status("storing something else under its tag");
    let reference = format!("{repository}:{}", built.fingerprint);
    for (sdk, reason) in [
        (Some(&project_sdk), "another SDK than its tag says"),
        (None, "has no sdk.json"),
    ] {
        push_files(sdk.map(Sdk::path), scratch.path(), &reference)?;
        small.expect_built(reason)?;
        let output = build_and_push(&small.build, true)?;
        let again = output.pushed.context("the SDK was not pushed")?;
        ensure!(
            !again.existed && again.digest == pushed.digest,
            "the wrong content was not replaced"
        );
        small.expect_pulled()?;
    }

    print_status("registries that can only be read, need a login, or are not there");
    let mut failures = 0;
    let read_only = Registry::start_read_only(scratch.path())?;
    small.use_registry(read_only.address(), "team/sdk")?;
    small.expect_pulled()?;
    ensure!(
        build_and_push(&small.build, true)?
            .pushed
            .is_some_and(|pushed| pushed.existed),
        "what a registry has cannot be pushed without writing"
    );
    small.use_registry(read_only.address(), "team/empty")?;
    small.remove()?;
    let output = build_and_push(&small.build, true)?;
    ensure!(
        output.origin == SdkOrigin::Built && output.pull_failure.is_none(),
        "an empty repository failed"
    );
    small.ensure_complete(&output)?;
    failures += usize::from(output.push_failure.is_none());
    let closed = Registry::start(scratch.path(), Some(HTPASSWD_LINE))?;
    small.use_registry(closed.address(), "team/sdk")?;
    small.expect_built("no credentials are known")?;
    let nothing = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    small.use_registry(&nothing.context("failed to find a free port")?.to_string(), "team/sdk")?;
    small.expect_built("failed to reach")?;
    let output = build_and_push(&small.build, true)?;
    failures += usize::from(output.push_failure.is_none());
    promises::record(
        "no wrong SDK is used, and a failing registry stops no build",
        "faults of a registry",
        10,
        failures,
    );
    ensure!(failures == 0, "a push to a registry that cannot be written succeeded");
    Ok(())
}

impl SmallSdk {
    fn use_registry(&mut self, address: &str, name: &str) -> Result<()> {
        self.build.sdk_cache = Some(SdkCache::new(&format!("{address}/{name}"), &[])?);
        Ok(())
    }

    fn sdk_dir(&self) -> PathBuf {
        self.build.paths.sdk_dir(&self.build.recipe.target)
    }

    fn remove(&self) -> Result<()> {
        Ok(fs::remove_dir_all(self.sdk_dir())?)
    }

    fn ensure_complete(&self, output: &BuildOpencvOutput) -> Result<()> {
        ensure!(output.sdk == self.sdk_dir(), "the SDK is in `{}`", output.sdk.display());
        tree_diff::ensure_same(&self.expected, &output.sdk).map(drop)
    }

    fn expect_pulled(&self) -> Result<()> {
        self.remove()?;
        let output = build_and_push(&self.build, false)?;
        ensure!(
            output.origin == SdkOrigin::Pulled,
            "the SDK was {:?}: {:?}",
            output.origin,
            output.pull_failure
        );
        self.ensure_complete(&output)
    }

    /// Builds because the pull fails for `reason`.
    fn expect_built(&self, reason: &str) -> Result<()> {
        self.remove()?;
        let output = build_and_push(&self.build, false)?;
        ensure!(
            output.origin == SdkOrigin::Built,
            "expected a build because of `{reason}`, but the SDK was {:?}",
            output.origin
        );
        let failure = output.pull_failure.as_deref().unwrap_or_default();
        ensure!(
            failure.contains(reason),
            "the failure of the pull lacks `{reason}`: {failure}"
        );
        self.ensure_complete(&output)
    }
}

/// Pushes an artefact of an SDK's type with the files in `folder`, or with one file that is no SDK.
fn push_files(folder: Option<&Path>, scratch: &Path, reference: &str) -> Result<()> {
    let mut tree = FileTree::new();
    match folder {
        None => drop(tree.add("readme", Content::bytes("test", b"no SDK"), Mode::Data)?),
        Some(folder) => {
            for path in all_files(folder)? {
                let name = path.strip_prefix(folder)?.display().to_string();
                tree.add(&name, Content::File(path), Mode::Data)?;
            }
        }
    }
    let layout = scratch.join("other");
    let annotations = BTreeMap::new();
    LayoutWriter::new(scratch, 0)?.write_artefact(&tree, SDK_ARTEFACT_TYPE, &annotations, &layout)?;
    push(&registry_image(reference)?, &layout).map(drop)
}

/// The digest of the largest blob in a registry's storage, in hexadecimal.
fn blob_of_largest_size(scratch: &Path) -> Result<String> {
    let blobs = scratch.join("open/storage/docker/registry/v2/blobs/sha256");
    let files = all_files(&blobs)?.into_iter();
    let sized = files.map(|path| Ok((file_size(&path)?, path)));
    let sized: Vec<_> = sized.collect::<Result<_>>()?;
    let (_, largest) = sized.into_iter().max().context("the registry has no blobs")?;
    let folder = largest.parent().context("a blob has no folder")?;
    Ok(file_name(folder))
}

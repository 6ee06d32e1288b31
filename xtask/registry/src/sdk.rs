//! SDKs in registries: each is an artefact with one layer, which has the SDK's files. The same SDK always gives the same
//! artefact.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use layer::{Digest, LayoutFolder, LayoutWriter, UnpackLimits, unpack_artefact};
use layer_registry::{Error, RegistryImage, RetryPolicy, pull_artefact, push_layout, resolve};
use opencv_build::Sdk;
use package::artefacts::sdk_tree;
use package::sdk_cache::{PullReport, PushReport, PushedSdk};
use support::files::{PARTIAL_PREFIX, temporary_dir_in};

use crate::connection::{ConnectionOptions, authenticated_image};
use crate::progress::Progress;

/// The type of the artefact.
pub const SDK_ARTEFACT_TYPE: &str = "application/vnd.opencv-build.sdk.v1";

/// The most bytes of an SDK's compressed layer. That of the project's own recipe has 9.4 MB.
const MAX_COMPRESSED_BYTES: u64 = 1 << 30;
/// Limits of an SDK's files. That of the project's own recipe has 37 MB in 224 files.
const UNPACK_LIMITS: UnpackLimits = UnpackLimits {
    bytes: 4 << 30,
    entries: 100_000,
};

/// Pulls the SDK of `reference` to `folder`, which must not exist. Its files are verified by their digest; whether they
/// are an SDK is not checked here.
pub fn pull(reference: &str, folder: &Path, options: &ConnectionOptions) -> PullReport {
    match cache_image(reference, options).and_then(|image| pull_files(&image, folder)) {
        Ok(true) => PullReport::Pulled,
        Ok(false) => PullReport::Absent,
        Err(error) => PullReport::Failed(format!("{:#}", error.context(format!("failed to pull {reference}")))),
    }
}

/// Pushes the SDK in `folder` to `reference`, whose tag is its fingerprint, unless that has the same digest already. The
/// caller holds the lock of builds, so that none replaces the SDK.
pub fn push(folder: &Path, reference: &str, options: &ConnectionOptions) -> PushReport {
    match cache_image(reference, options).and_then(|image| push_sdk(folder, &image)) {
        Ok(pushed) => PushReport::Pushed(pushed),
        Err(error) => PushReport::Failed(format!(
            "{:#}",
            error.context(format!("failed to push the SDK to {reference}"))
        )),
    }
}

/// The reference with the user's credentials. A registry that is busy or cannot be reached is given up after seconds,
/// because building takes minutes.
fn cache_image(reference: &str, options: &ConnectionOptions) -> Result<RegistryImage> {
    let mut image = authenticated_image(reference, options)?;
    image.retry_policy = RetryPolicy {
        max_attempts: 3,
        max_retry_after: Duration::from_secs(20),
        max_total_delay: Duration::from_secs(30),
        connect_timeout: Duration::from_secs(10),
        read_timeout: Duration::from_secs(30),
        ..RetryPolicy::default()
    };
    Ok(image)
}

/// Returns whether the registry has the tag.
fn pull_files(image: &RegistryImage, folder: &Path) -> Result<bool> {
    let parent = folder.parent().context("the folder has no parent")?;
    let scratch = temporary_dir_in(parent, ".artefact-")?;
    let layout = scratch.path().join("layout");
    let progress = Progress::start("pulling", &image.reference.whole());
    let pulled = pull_artefact(image, SDK_ARTEFACT_TYPE, &layout, MAX_COMPRESSED_BYTES, &|event| {
        progress.update(event);
    });
    match pulled {
        Ok(_) => {}
        Err(Error::NotFound { what, .. }) if what.starts_with("manifest") => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    unpack_artefact(&LayoutFolder::open(&layout)?, SDK_ARTEFACT_TYPE, folder, UNPACK_LIMITS)?;
    Ok(true)
}

fn push_sdk(folder: &Path, image: &RegistryImage) -> Result<PushedSdk> {
    let sdk = Sdk::open(folder);
    let sdk = sdk.with_context(|| format!("`{}` is not a complete and unchanged SDK", folder.display()))?;
    let fingerprint = sdk.manifest().fingerprint.to_string();
    ensure!(
        image.reference.tag() == Some(&fingerprint),
        "the SDK in `{}` has the fingerprint {fingerprint}, because another build has replaced it; run the command \
         again",
        folder.display()
    );
    let parent = folder.parent().context("the SDK has no parent folder")?;
    let scratch = temporary_dir_in(parent, PARTIAL_PREFIX)?;
    let layout = scratch.path().join("layout");
    let digest = write_artefact(&sdk, scratch.path(), &layout)?;
    // Reading needs fewer rights than pushing, which reports what is wrong otherwise.
    let existed = resolve(image).is_ok_and(|found| found == digest);
    if !existed {
        let progress = Progress::start("pushing", &image.reference.whole());
        push_layout(image, &layout, &|event| progress.update(event))?;
    }
    Ok(PushedSdk {
        digest: digest.to_string(),
        existed,
    })
}

/// Writes the artefact of `sdk` as a layout to `path`, in `parent`; returns its digest.
fn write_artefact(sdk: &Sdk, parent: &Path, path: &Path) -> Result<Digest> {
    let manifest = sdk.manifest();
    let tree = sdk_tree("", sdk)?;
    let (version, target) = (&manifest.version, manifest.target);
    let description = format!(
        "OpenCV {version} as static libraries for {} with glibc {}",
        target.architecture, target.glibc
    );
    let annotations = [
        ("title", "opencv-sdk"),
        ("description", description.as_str()),
        ("version", version),
    ];
    let annotations: BTreeMap<_, _> = annotations
        .map(|(name, value)| (format!("org.opencontainers.image.{name}"), value.to_owned()))
        .into();
    // The time is the same for all, so that the artefact does not depend on when it is pushed.
    let writer = LayoutWriter::new(parent, 0)?;
    Ok(writer.write_artefact(&tree, SDK_ARTEFACT_TYPE, &annotations, path)?)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use fs_err as fs;
    use serde_json::json;

    use super::*;

    /// Writes an SDK with one library.
    fn write_sdk(folder: &Path) -> Sdk {
        fs::create_dir_all(folder.join("lib")).unwrap();
        fs::write(folder.join("lib/libopencv_core.a"), "1234").unwrap();
        fs::create_dir_all(folder.join("bin")).unwrap();
        fs::write(folder.join("bin/cc"), "#!").unwrap();
        fs::set_permissions(folder.join("bin/cc"), Permissions::from_mode(0o755)).unwrap();
        // Not part of the SDK.
        fs::create_dir_all(folder.join("tools")).unwrap();
        fs::write(folder.join("tools/zig"), "#!").unwrap();
        let manifest = json!({
            "schema": 2,
            "version": "4.5.5",
            "modules": ["core"],
            "codecs": [],
            "target": {"architecture": "x86_64", "glibc": "2.26"},
            "cpu": {"baseline": [], "dispatch": []},
            "cxx_standard": 11,
            "link": {
                "libraries": ["opencv_core"],
                "system": [],
                "dependencies": {},
                "cxx_runtime": "c++",
                "cxx_runtime_release": 22,
            },
            "libraries": [{"file": "libopencv_core.a", "bytes": 4}],
            "third_party": [],
            "files": {"bin/cc": 2, "lib/libopencv_core.a": 4},
            "fingerprint": "f".repeat(64),
            "source": "test",
            "tools": {},
        });
        fs::write(folder.join("sdk.json"), manifest.to_string()).unwrap();
        Sdk::open(folder).unwrap()
    }

    #[test]
    fn artefact_is_reproducible_and_has_the_sdk() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let write = |sdk: &str, layout: &str| {
            let sdk = write_sdk(&at(sdk));
            write_artefact(&sdk, folder.path(), &at(layout)).unwrap()
        };
        assert_eq!(write("a", "first"), write("b", "second"));
        let layout = LayoutFolder::open(&at("first")).unwrap();
        unpack_artefact(&layout, SDK_ARTEFACT_TYPE, &at("unpacked"), UNPACK_LIMITS).unwrap();
        Sdk::open(&at("unpacked")).unwrap();
        let mode = fs::metadata(at("unpacked/bin/cc")).unwrap().permissions().mode();
        assert_eq!(mode & 0o100, 0o100);
        assert!(!at("unpacked/tools").exists());
        for file in ["sdk.json", "lib/libopencv_core.a"] {
            assert_eq!(
                fs::read(at("unpacked").join(file)).unwrap(),
                fs::read(at("a").join(file)).unwrap()
            );
        }
    }

    #[test]
    fn only_complete_sdks_are_pushed_and_only_to_their_tag() {
        let folder = tempfile::tempdir().unwrap();
        let sdk = folder.path().join("sdk");
        write_sdk(&sdk);
        // Nothing listens on this port, and no request is sent.
        let refused = |tag: &str| match push(&sdk, &format!("127.0.0.1:1/sdk:{tag}"), &ConnectionOptions::default()) {
            PushReport::Failed(reason) => reason,
            PushReport::Pushed(pushed) => panic!("{pushed:?}"),
        };
        let reason = refused(&"e".repeat(64));
        assert!(reason.contains("another build has replaced it"), "{reason}");
        fs::write(sdk.join("lib/libopencv_core.a"), "123").unwrap();
        let reason = refused(&"f".repeat(64));
        assert!(reason.contains("failed to push the SDK to 127.0.0.1:1/sdk"), "{reason}");
        assert!(reason.contains("not a complete and unchanged SDK"), "{reason}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
    }
}

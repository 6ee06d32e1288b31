//! Images of the function's files that Docker, podman, buildah and umoci make: lint accepts them in every format that
//! the tools write, and finds a program that is missing. skopeo's are in `registries/other_tools.rs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use layer::lint::{LintOptions, Rule, Severity, lint};
use layer::{Architecture, Layout};

use conformance::skip::Skip;
use support::interruption::Cleanup;
use support::progress::print_status;
use support::run::{Shell, cmd, output};

/// What the tools make an image of.
struct Content<'a> {
    root: &'a Path,
    program: &'a str,
    architecture: Architecture,
    /// An empty folder.
    scratch: &'a Path,
}

struct Tool {
    name: &'static str,
    /// Fails if the tool cannot be used on this machine.
    check: fn(&Shell) -> Result<String>,
    /// Returns the images, which have the same content.
    make: fn(&Shell, &Content) -> Result<Vec<PathBuf>>,
}

const TOOLS: [Tool; 5] = [
    Tool {
        name: "docker",
        check: |sh| output(cmd!(sh, "docker version --format {DOCKER_VERSION}")),
        make: docker,
    },
    Tool {
        name: "docker buildx",
        check: |sh| output(cmd!(sh, "docker buildx version")),
        make: buildx,
    },
    Tool {
        name: "podman",
        check: |sh| output(cmd!(sh, "podman info --format {PODMAN_VERSION}")),
        make: podman,
    },
    Tool {
        name: "buildah",
        check: |sh| output(cmd!(sh, "buildah --version")),
        make: buildah,
    },
    Tool {
        name: "umoci",
        check: |sh| output(cmd!(sh, "umoci --version")),
        make: umoci,
    },
];
const DOCKER_VERSION: &str = "docker {{.Client.Version}} with the engine {{.Server.Version}}";
const PODMAN_VERSION: &str = "podman {{.Version.Version}}";

pub fn test(layout: &Path, architecture: Architecture) -> Result<()> {
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let root = scratch.path().join("root");
    Layout::open(layout, architecture)?.unpack(&root)?;
    let sh = Shell::new()?;
    let mut tried = 0;
    for tool in TOOLS {
        let version = match (tool.check)(&sh) {
            Ok(version) => version.lines().next().unwrap_or_default().to_owned(),
            Err(error) => {
                print_status(&format!("{}: skipped: {error:#}", tool.name));
                continue;
            }
        };
        let folder = scratch.path().join(tool.name.replace(' ', "-"));
        let images = check_images(&sh, &tool, &root, architecture, &folder)
            .with_context(|| format!("with images of {version}"))?;
        print_status(&format!("{version}: {images} images"));
        tried += 1;
    }
    if tried == 0 {
        return Err(Skip::with_reason("no other tool for images is installed".to_owned()));
    }
    Ok(())
}

/// Returns the number of images.
fn check_images(sh: &Shell, tool: &Tool, root: &Path, architecture: Architecture, folder: &Path) -> Result<usize> {
    let mut count = 0;
    for (name, program, expected) in [
        ("right", "/var/task/bootstrap", None),
        ("wrong", "/var/task/missing", Some(Rule::Entrypoint)),
    ] {
        let scratch = folder.join(name);
        fs::create_dir_all(&scratch)?;
        let content = Content {
            root,
            program,
            architecture,
            scratch: &scratch,
        };
        for image in (tool.make)(sh, &content)? {
            let findings = lint(&image, &LintOptions::default()).with_context(|| image.display().to_string())?;
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
            let rules: BTreeSet<_> = errors.map(|finding| finding.rule).collect();
            ensure!(
                rules == BTreeSet::from_iter(expected),
                "lint finds in `{}`: {findings:#?}",
                image.display()
            );
            count += 1;
        }
    }
    Ok(count)
}

/// A folder with the files and a Dockerfile.
fn write_dockerfile(content: &Content) -> Result<()> {
    let dockerfile = format!("FROM scratch\nCOPY root /\nENTRYPOINT [\"{}\"]\n", content.program);
    fs::write(content.scratch.join("Dockerfile"), dockerfile)?;
    let (sh, root, scratch) = (Shell::new()?, content.root, content.scratch);
    output(cmd!(sh, "cp --archive {root} {scratch}/root"))?;
    Ok(())
}

/// With the builder of the engine, which makes a layer for each instruction.
fn docker(sh: &Shell, content: &Content) -> Result<Vec<PathBuf>> {
    write_dockerfile(content)?;
    let name = format!("other-tools-{}:v1", std::process::id());
    let _remove = Cleanup::new({
        let name = name.clone();
        move || {
            // Fails if the image was not built.
            let _ = local::engine::docker(&["image", "rm", "--force", &name]);
        }
    })?;
    let (scratch, saved) = (content.scratch, content.scratch.join("docker-save.tar"));
    output(cmd!(sh, "docker build --quiet --tag {name} {scratch}").env("DOCKER_BUILDKIT", "0"))?;
    output(cmd!(sh, "docker save --output {saved} {name}"))?;
    Ok(vec![saved])
}

fn buildx(sh: &Shell, content: &Content) -> Result<Vec<PathBuf>> {
    write_dockerfile(content)?;
    let scratch = content.scratch;
    let formats = ["docker", "oci"];
    let made = formats.map(|format| {
        let archive = scratch.join(format!("buildx-{format}.tar"));
        let to = format!("type={format},dest={}", archive.display());
        output(cmd!(
            sh,
            "docker buildx build --quiet --provenance=false --output {to} {scratch}"
        ))?;
        Ok(archive)
    });
    made.into_iter().collect()
}

/// From a tar archive of the files.
fn podman(sh: &Shell, content: &Content) -> Result<Vec<PathBuf>> {
    let (root, scratch) = (content.root, content.scratch);
    let storage = &storage_options(scratch);
    let files = scratch.join("files.tar");
    output(cmd!(sh, "tar --create --file {files} --directory {root} ."))?;
    let change = format!("ENTRYPOINT [\"{}\"]", content.program);
    output(cmd!(
        sh,
        "podman {storage...} import --quiet --change {change} {files} image:v1"
    ))?;
    let formats = ["docker-archive", "docker-dir", "oci-archive", "oci-dir"];
    let made = formats.map(|format| {
        let path = scratch.join(format);
        output(cmd!(
            sh,
            "podman {storage...} save --quiet --format {format} --output {path} image:v1"
        ))?;
        Ok(path)
    });
    made.into_iter().collect()
}

fn buildah(sh: &Shell, content: &Content) -> Result<Vec<PathBuf>> {
    let (root, scratch) = (content.root, content.scratch);
    let storage = &storage_options(scratch);
    let container = output(cmd!(sh, "buildah {storage...} from scratch"))?;
    let container = container.trim();
    let entrypoint = format!("[\"{}\"]", content.program);
    output(cmd!(sh, "buildah {storage...} copy --quiet {container} {root} /"))?;
    output(cmd!(
        sh,
        "buildah {storage...} config --entrypoint {entrypoint} {container}"
    ))?;
    let transports = ["dir", "docker-archive", "oci-archive", "oci"];
    let made = transports.map(|transport| {
        let path = scratch.join(transport);
        let tag = match transport {
            "dir" => "",
            "docker-archive" => ":image:v1",
            _ => ":v1",
        };
        let to = format!("{transport}:{}{tag}", path.display());
        output(cmd!(sh, "buildah {storage...} commit --quiet {container} {to}"))?;
        Ok(path)
    });
    made.into_iter().collect()
}

/// As a bundle of the OCI runtime specification, whose changes become a layer.
fn umoci(sh: &Shell, content: &Content) -> Result<Vec<PathBuf>> {
    let (root, program, layout) = (content.root, content.program, content.scratch.join("layout"));
    let (image, bundle) = (format!("{}:v1", layout.display()), content.scratch.join("bundle"));
    let architecture = content.architecture.goarch();
    output(cmd!(sh, "umoci init --layout {layout}"))?;
    output(cmd!(sh, "umoci new --image {image}"))?;
    output(cmd!(sh, "umoci unpack --image {image} {bundle}"))?;
    output(cmd!(sh, "cp --archive {root}/. {bundle}/rootfs"))?;
    output(cmd!(sh, "umoci repack --image {image} {bundle}"))?;
    output(cmd!(
        sh,
        "umoci config --image {image} --architecture {architecture} --config.entrypoint {program}"
    ))?;
    output(cmd!(sh, "umoci gc --layout {layout}"))?;
    Ok(vec![layout])
}

/// Storage of its own, without mounts.
fn storage_options(scratch: &Path) -> Vec<String> {
    let folder = |name: &str| scratch.join(name).display().to_string();
    let options = [
        "--root",
        &folder("storage"),
        "--runroot",
        &folder("run"),
        "--storage-driver",
        "vfs",
    ];
    options.map(str::to_owned).to_vec()
}

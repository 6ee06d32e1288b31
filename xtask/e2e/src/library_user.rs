//! `opencv-build` and `layer` as libraries: a workspace made from nothing uses them as git dependencies, builds an
//! OpenCV, a program and its image, and checks the image. The crates print nothing and read nothing of this project.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use object::{Object, ObjectSymbol};
use package::build::Build;
use support::environment::{VariableGroup, restricted};
use support::files::{copy, copy_tree, file_name, sorted_entries};
use support::lock::Lock;
use support::progress::print_status;
use support::run::{Shell, cmd, output, run_checked, wait_with_output};

/// The crates that a user of the libraries must not get: HTTP servers and clients for registries, and those that only
/// share features in this workspace.
const UNWANTED: [&str; 4] = ["layer-registry", "reqwest", "tokio", "workspace-hack"];

pub fn test(build: &Build) -> Result<()> {
    let folder = std::path::absolute(build.workspace.target_dir().join("library-user"))?;
    let _lock = Lock::acquire(&folder.join("lock"), print_status)?;
    let [repository, workspace, home] = ["repository", "workspace", "cargo-home"].map(|name| folder.join(name));
    for created in [&repository, &workspace, &home] {
        if created.exists() {
            fs::remove_dir_all(created)?;
        }
    }
    print_status("a git repository with this project's files");
    write_repository(build.workspace.root(), &repository)?;
    write_cargo_home(&home)?;
    write_workspace(build.workspace.root(), &repository, &workspace)?;

    print_status("compiling a workspace that depends on it");
    let sh = Shell::new()?;
    sh.change_dir(&workspace);
    // Kept, so that a second run is quick.
    let target = folder.join("target");
    let cargo = |arguments: &[&str]| {
        let cargo = support::cargo::cargo().get_program().to_owned();
        let command = restricted(
            cmd!(sh, "{cargo} {arguments...}"),
            &[VariableGroup::Network, VariableGroup::Rust],
        );
        command.env("CARGO_HOME", &home).env("CARGO_TARGET_DIR", &target)
    };
    run_checked(cargo(&["build", "--quiet"]))?;
    let tree = output(cargo(&[
        "tree", "--edges", "normal", "--prefix", "none", "--format", "{lib}",
    ]))?;
    let unwanted: Vec<_> = UNWANTED
        .iter()
        .filter(|name| tree.contains(&name.replace('-', "_")))
        .collect();
    ensure!(
        unwanted.is_empty(),
        "users of the libraries also get {unwanted:?}:\n{tree}"
    );

    print_status("running it without this project's files");
    fs::remove_dir_all(&repository)?;
    fs::remove_dir_all(home.join("git"))?;
    let (program, output_dir) = (target.join("debug/xtask"), folder.join("output"));
    let image = output_dir.join("image");
    if image.exists() {
        fs::remove_dir_all(&image)?;
    }
    let cache = build.paths.shared_dir();
    let run = restricted(cmd!(sh, "{program} {output_dir} {cache}"), &[VariableGroup::Network]);
    let ended = wait_with_output(run)?;
    let (printed, errors) = (
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
    );
    ensure!(ended.status.success(), "`{}` failed: {errors}", program.display());
    ensure!(
        printed == "0 findings in blur\n" && errors.is_empty(),
        "the libraries print, or the image has findings:\n{printed}{errors}"
    );
    let blurred = output_dir.join("program");
    let found = output(cmd!(sh, "{blurred}"))?;
    ensure!(found == "100 of 14\nPNG 200, only read", "the program prints `{found}`");
    let bytes = fs::read(&blurred)?;
    let file = object::File::parse(&*bytes).with_context(|| format!("failed to read `{}`", blurred.display()))?;
    let contains = |name: &str| file.symbols().any(|symbol| symbol.name() == Ok(name));
    ensure!(
        contains("png_read_row") && !contains("png_write_row"),
        "the program contains the encoder of PNG, or not its decoder"
    );
    Ok(())
}

/// A git repository with one commit of the project's files as they are.
fn write_repository(root: &Path, repository: &Path) -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(root);
    let names = output(cmd!(sh, "git ls-files --cached --others --exclude-standard"))?;
    for name in names.lines().filter(|name| root.join(name).is_file()) {
        copy(&root.join(name), &repository.join(name))?;
    }
    sh.change_dir(repository);
    run_checked(cmd!(sh, "git init --quiet"))?;
    run_checked(cmd!(sh, "git add --all"))?;
    let (name, email) = ("user.name=test", "user.email=test@example.com");
    run_checked(cmd!(
        sh,
        "git -c {name} -c {email} commit --quiet --no-verify --message snapshot"
    ))
}

/// A home for cargo with the user's registries, and without checkouts of repositories.
fn write_cargo_home(home: &Path) -> Result<()> {
    fs::create_dir_all(home)?;
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let users = named.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let users = users.context("neither CARGO_HOME nor HOME is set")?;
    for entry in sorted_entries(&users)? {
        let name = file_name(&entry);
        if name != "git" {
            symlink(&entry, home.join(name))?;
        }
    }
    Ok(())
}

fn write_workspace(root: &Path, repository: &Path, workspace: &Path) -> Result<()> {
    copy_tree(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data/library-user")),
        workspace,
    )?;
    let manifest = workspace.join("xtask/Cargo.toml");
    let address = format!("file://{}", repository.display());
    fs::write(
        &manifest,
        fs::read_to_string(&manifest)?.replace("@REPOSITORY@", &address),
    )?;
    // The versions that are already downloaded.
    copy(&root.join("Cargo.lock"), &workspace.join("Cargo.lock"))
}

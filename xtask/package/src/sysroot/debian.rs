//! Debian's package libc6 for another architecture, unpacked into a root folder with a database for dpkg and the name of
//! the distribution, by which SBOMs name the package. Needs neither root nor `dpkg --add-architecture`: apt keeps its lists in a folder of ours.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fs_err as fs;
use layer::Architecture;
use support::apt::Apt;
use support::environment::restricted;
use support::files::{PARTIAL_PREFIX, file_name, remove_partial_output, temporary_dir_in};
use support::lock::Lock;
use support::progress::{ProgressStep, print_status};
use support::run::{Shell, cmd, output};

const PACKAGE: &str = "libc6";
/// Source: <https://www.freedesktop.org/software/systemd/man/os-release.html>.
const OS_RELEASE: &str = "/etc/os-release";

/// The folder with the package for `architecture`, of this machine's version or the one that its distribution has now;
/// downloads it into `parent` if it is missing. apt verifies it by the keys of this machine's distribution.
pub(super) fn install(architecture: Architecture, parent: &Path) -> Result<PathBuf> {
    let version = installed_version()?;
    let debian = architecture.goarch();
    let folder = parent.join(format!("{PACKAGE}-{debian}-{version}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    fs::create_dir_all(parent)?;
    let lock = Lock::acquire(&parent.join("lock"), print_status)?;
    if folder.is_dir() {
        return Ok(folder);
    }
    remove_partial_output(parent)?;
    let partial = temporary_dir_in(parent, PARTIAL_PREFIX)?;
    let _step = ProgressStep::start(format!("downloading {PACKAGE}:{debian} {version}"));
    let apt = Apt {
        options: &apt_options(debian, partial.path())?,
        lock: &lock,
        log: &parent.join("apt.log"),
    };
    let file = apt
        .update()
        .and_then(|()| download(&apt, debian, &version, partial.path()))
        .with_context(|| format!("failed to download {PACKAGE}:{debian} from this machine's distribution"))?;
    let root = partial.path().join("root");
    let sh = Shell::new()?;
    output(restricted(cmd!(sh, "dpkg-deb --extract {file} {root}"), &[]))?;
    write_database(&file, &root, debian)?;
    complete_links(&root)?;
    fs::create_dir_all(root.join("etc"))?;
    fs::copy(OS_RELEASE, root.join(OS_RELEASE.trim_start_matches('/')))?;
    fs::rename(&root, &folder)?;
    Ok(folder)
}

/// Servers of a distribution keep only its newest version, which this machine may not have yet.
fn download(apt: &Apt, debian: &str, version: &str, parent: &Path) -> Result<PathBuf> {
    let package = format!("{PACKAGE}:{debian}");
    let attempt = |package: &str, folder: &str| {
        let folder = parent.join(folder);
        fs::create_dir(&folder)?;
        apt.download(package, &folder)
    };
    attempt(&format!("{package}={version}"), "exact").or_else(|_| {
        let file = attempt(&package, "newest")?;
        print_status(&format!(
            "this machine's version of {PACKAGE}, {version}, could not be downloaded for {debian}; using {}",
            file_name(&file)
        ));
        Ok(file)
    })
}

fn installed_version() -> Result<String> {
    let sh = Shell::new()?;
    let format = "${Version}\n";
    let show = cmd!(sh, "dpkg-query --show --showformat {format} {PACKAGE}");
    let text =
        output(restricted(show, &[])).context("this machine's distribution is not Debian or one made from it")?;
    // One line for each architecture.
    let version = text.lines().next().context("libc6 is not installed")?;
    Ok(version.to_owned())
}

/// apt's options for packages of another architecture, with its lists and its cache in `folder`.
fn apt_options(debian: &str, folder: &Path) -> Result<Vec<String>> {
    let (lists, cache) = (folder.join("lists"), folder.join("cache"));
    for folder in [lists.join("partial"), cache.join("archives/partial")] {
        fs::create_dir_all(folder)?;
    }
    Ok(vec![
        format!("APT::Architecture={debian}"),
        format!("APT::Architectures::={debian}"),
        format!("Dir::State::Lists={}", lists.display()),
        format!("Dir::Cache={}", cache.display()),
        // Otherwise apt run by root gives up its rights, and then cannot read these folders.
        "APT::Sandbox::User=".to_owned(),
        "Acquire::Languages=none".to_owned(),
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
    ])
}

/// Makes the paths valid by which programs name the loader: `/lib` and `/lib64` are links of another package where all
/// libraries are below `/usr`, and links of older packages begin with `/`.
fn complete_links(root: &Path) -> Result<()> {
    for name in ["lib", "lib64"] {
        let (path, merged) = (root.join(name), root.join("usr").join(name));
        if !path.exists() && merged.is_dir() {
            symlink(Path::new("usr").join(name), &path)?;
        }
        let Ok(entries) = fs::read_dir(&path) else { continue };
        for entry in entries {
            let link = entry?.path();
            if let Ok(to) = fs::read_link(&link)
                && let Ok(below) = to.strip_prefix("/")
            {
                fs::remove_file(&link)?;
                symlink(Path::new("..").join(below), &link)?;
            }
        }
    }
    Ok(())
}

/// Writes the database that `dpkg-query --admindir` reads: the package's fields, and the list of its files. Source:
/// dpkg's manual deb(5) and its folder /var/lib/dpkg.
fn write_database(file: &Path, root: &Path, debian: &str) -> Result<()> {
    let (sh, info) = (Shell::new()?, root.join("var/lib/dpkg/info"));
    fs::create_dir_all(&info)?;
    let fields = output(restricted(cmd!(sh, "dpkg-deb --field {file}"), &[]))?;
    let (first, rest) = fields.split_once('\n').context("the package has no fields")?;
    fs::write(
        info.with_file_name("status"),
        format!("{first}\nStatus: install ok installed\n{rest}\n"),
    )?;
    // Names of files contain the architecture since this version.
    fs::write(info.join("format"), "1\n")?;
    let listing = output(restricted(cmd!(sh, "dpkg-deb --contents {file}"), &[]))?;
    let mut list = String::new();
    for line in listing.lines() {
        let Some((_, path)) = line.split_once(" ./") else {
            bail!("dpkg-deb lists `{line}`, which has no path");
        };
        let path = path.split(" -> ").next().unwrap_or(path).trim_end_matches('/');
        let _ = writeln!(list, "/{}", if path.is_empty() { "." } else { path });
    }
    fs::write(info.join(format!("{PACKAGE}:{debian}.list")), list)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loaders_are_found_in_packages_of_both_layouts() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: PathBuf| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "loader").unwrap();
        };
        let merged = folder.path().join("merged");
        write(merged.join("usr/lib/ld-linux-aarch64.so.1"));
        let old = folder.path().join("old");
        write(old.join("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"));
        fs::create_dir(old.join("lib64")).unwrap();
        symlink(
            "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            old.join("lib64/ld-linux-x86-64.so.2"),
        )
        .unwrap();
        for (root, loader) in [
            (&merged, "lib/ld-linux-aarch64.so.1"),
            (&old, "lib64/ld-linux-x86-64.so.2"),
        ] {
            complete_links(root).unwrap();
            assert_eq!(fs::read_to_string(root.join(loader)).unwrap(), "loader");
        }
    }
}

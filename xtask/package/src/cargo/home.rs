//! cargo's home for builds, in the target folder: with links to the user's registries, downloaded crates and tokens,
//! and our own configuration file. Crate sources have the same path for every user, so that builds do not depend on the
//! user's home.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use support::atomic;
use support::environment::Environment;
use support::files::{copy_tree, is_writable};

use super::config;

/// Folders of cargo's home that builds share with the user's other projects.
const SHARED_DIRS: [&str; 2] = ["registry", "git"];

/// The locks of these folders, the database of their last use, and tokens.
const SHARED_FILES: [&str; 5] = [
    ".package-cache",
    ".package-cache-mutate",
    ".global-cache",
    "credentials",
    "credentials.toml",
];

pub(super) fn home_dir(target: &Path) -> PathBuf {
    target.join("cargo-home")
}

pub(super) fn prepare(environment: &Environment, root: &Path, target: &Path) -> Result<PathBuf> {
    let own = home_dir(target);
    fs::create_dir_all(&own)?;
    let user = user_cargo_home(environment).filter(|user| !is_same(user, &own));
    link_or_copy_crates(user.as_deref().map(|user| (user, is_shareable(user))), &own)
        .with_context(|| format!("failed to link crates in cargo's home `{}`", own.display()))?;
    let text = toml::to_string(&config::read(root, user.as_deref())?)?;
    let file = own.join("config.toml");
    if fs::read_to_string(&file).ok().as_deref() != Some(&text) {
        // Not readable by others, because it can contain a proxy's password.
        atomic::write_with_mode(&file, text.as_bytes(), 0o600)?;
    }
    Ok(own)
}

pub(super) fn user_cargo_home(environment: &Environment) -> Option<PathBuf> {
    let home = match environment.get("CARGO_HOME") {
        Some(home) => std::path::absolute(home).ok()?,
        // Like cargo, use the user database if HOME is not set.
        None => match environment.get("HOME") {
            Some(home) => std::path::absolute(home).ok()?.join(".cargo"),
            None => std::env::home_dir()?.join(".cargo"),
        },
    };
    home.is_dir().then_some(home)
}

/// Whether cargo can write all shared files and folders.
fn is_shareable(user: &Path) -> bool {
    let locks = SHARED_FILES.iter().filter(|name| name.starts_with('.'));
    let mut parts = SHARED_DIRS.iter().chain(locks).map(|name| user.join(name));
    is_writable(user) && parts.all(|part| !part.exists() || is_writable(&part))
}

/// Shares the crates of the user's home with `own`. If that home is read-only, its crates are copied once, so that
/// further ones can be downloaded to `own`. Without a user's home, links of earlier builds remain.
fn link_or_copy_crates(user: Option<(&Path, bool)>, own: &Path) -> Result<()> {
    match user {
        Some((user, true)) => {
            for name in SHARED_DIRS {
                fs::create_dir_all(user.join(name))?;
            }
            for name in SHARED_DIRS.iter().chain(&SHARED_FILES) {
                link(&user.join(name), own, name)?;
            }
            Ok(())
        }
        Some((user, false)) => {
            remove_unusable_links(own)?;
            for part in ["registry/index", "registry/cache"] {
                let (from, to) = (user.join(part), own.join(part));
                if from.is_dir() && !to.exists() {
                    copy_tree(&from, &to)?;
                }
            }
            for name in SHARED_FILES.iter().filter(|name| name.starts_with("credentials")) {
                link(&user.join(name), own, name)?;
            }
            Ok(())
        }
        None => remove_unusable_links(own),
    }
}

/// Whether two paths are the same file or folder, which must not be linked to itself.
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some_and(|path| Some(path) == real(other))
}

/// Replaces `name` in `own` by a link to `to`, atomically: two builds can do so at the same time.
fn link(to: &Path, own: &Path, name: &str) -> Result<()> {
    let at = own.join(name);
    if fs::read_link(&at).is_ok_and(|present| present == to) || is_same(&at, to) {
        return Ok(());
    }
    let linked = || -> Result<()> {
        if at.is_dir() && !at.is_symlink() {
            fs::remove_dir_all(&at)?;
        }
        let new = tempfile::Builder::new().make_in(own, |path| symlink(to, path))?;
        new.persist(&at)?;
        Ok(())
    };
    linked().with_context(|| format!("failed to link `{}` to `{}`", at.display(), to.display()))
}

/// Removes links whose target does not exist or cannot be written; cargo creates its own files instead.
fn remove_unusable_links(own: &Path) -> Result<()> {
    for name in SHARED_DIRS.iter().chain(&SHARED_FILES) {
        let path = own.join(name);
        if path.is_symlink() && !is_writable(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct HomeFixture {
        folder: tempfile::TempDir,
    }

    impl HomeFixture {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let fixture = Self { folder };
            let crates = fixture.at("me/.cargo/registry/cache/index");
            fs::create_dir_all(&crates).unwrap();
            fs::write(crates.join("a-1.0.0.crate"), "a").unwrap();
            fs::write(fixture.at("me/.cargo/credentials.toml"), "token").unwrap();
            fixture
        }

        fn at(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn prepare(&self, variables: &[(&str, PathBuf)]) -> PathBuf {
            let environment = variables.iter().map(|(n, v)| (*n, v.clone())).collect();
            prepare(&environment, &self.at("project"), &self.at("target")).unwrap()
        }
    }

    const CRATE: &str = "registry/cache/index/a-1.0.0.crate";

    #[test]
    fn user_crates_and_credentials_are_linked() {
        let fixture = HomeFixture::new();
        let own = fixture.prepare(&[("HOME", fixture.at("me"))]);
        assert_eq!(own, fixture.at("target/cargo-home"));
        assert_eq!(fs::read_to_string(own.join(CRATE)).unwrap(), "a");
        let token = fs::read_to_string(own.join("credentials.toml")).unwrap();
        assert_eq!(token, "token");
        // New downloads and locks are in the user's home.
        for name in ["git/new", ".package-cache"] {
            fs::write(own.join(name), "").unwrap();
            assert!(fixture.at("me/.cargo").join(name).exists(), "{name}");
        }
        assert_eq!(fixture.prepare(&[("CARGO_HOME", fixture.at("me/.cargo"))]), own);
    }

    #[test]
    fn crates_of_a_read_only_home_are_copied() {
        let fixture = HomeFixture::new();
        let (user, own) = (fixture.at("me/.cargo"), fixture.at("own"));
        fs::create_dir(&own).unwrap();
        for _ in 0..2 {
            link_or_copy_crates(Some((&user, false)), &own).unwrap();
        }
        assert_eq!(fs::read_to_string(own.join(CRATE)).unwrap(), "a");
        for name in ["registry/src", "git"] {
            fs::create_dir_all(own.join(name)).unwrap();
            assert!(!user.join(name).exists(), "{name}");
        }
        let token = fs::read_to_string(own.join("credentials.toml")).unwrap();
        assert_eq!(token, "token");
        // Once it is writable, it is shared.
        link_or_copy_crates(Some((&user, true)), &own).unwrap();
        assert!(own.join("registry").is_symlink());
    }

    #[test]
    fn home_is_not_linked_to_itself() {
        let fixture = HomeFixture::new();
        let own = fixture.prepare(&[("HOME", fixture.at("nobody"))]);
        fs::create_dir_all(own.join("registry/src")).unwrap();
        fixture.prepare(&[("CARGO_HOME", own.clone())]);
        fs::create_dir_all(fixture.at("other/.cargo")).unwrap();
        symlink(own.join("registry"), fixture.at("other/.cargo/registry")).unwrap();
        fixture.prepare(&[("HOME", fixture.at("other"))]);
        assert!(own.join("registry/src").is_dir() && !own.join("registry").is_symlink());
    }

    #[test]
    fn linked_crates_remain_without_a_user_home() {
        let fixture = HomeFixture::new();
        fixture.prepare(&[("HOME", fixture.at("me"))]);
        let own = fixture.prepare(&[("HOME", fixture.at("nobody"))]);
        assert!(own.join(CRATE).exists());
        fs::remove_dir_all(fixture.at("me")).unwrap();
        fixture.prepare(&[("HOME", fixture.at("nobody"))]);
        assert!(!own.join("registry").is_symlink());
        fs::create_dir_all(own.join("registry/src")).unwrap();
        assert!(!fixture.at("nobody").exists());
    }

    #[test]
    fn new_home_replaces_folders_and_links() {
        let fixture = HomeFixture::new();
        let own = fixture.prepare(&[("HOME", fixture.at("nobody"))]);
        fs::create_dir_all(own.join("registry/src")).unwrap();
        for me in ["me", "me/too"] {
            fs::create_dir_all(fixture.at(me).join(".cargo")).unwrap();
            fixture.prepare(&[("HOME", fixture.at(me))]);
            let registry = fs::read_link(own.join("registry")).unwrap();
            assert_eq!(registry, fixture.at(me).join(".cargo/registry"));
        }
    }

    #[test]
    fn configuration_is_readable_by_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let fixture = HomeFixture::new();
        let text = "[http]\nproxy = 'http://me:secret@proxy'\n[build]\njobs = 1\n";
        fs::write(fixture.at("me/.cargo/config.toml"), text).unwrap();
        let own = fixture.prepare(&[("HOME", fixture.at("me"))]);
        let file = own.join("config.toml");
        let written = fs::read_to_string(&file).unwrap();
        assert_eq!(written, "[http]\nproxy = \"http://me:secret@proxy\"\n");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

//! The folder of the toolchain and downloads: one per user instead of one per checkout, because they are large. File
//! names contain digests or versions, so that checkouts with different pins can share it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::BuildPaths;
use support::environment::Environment;

/// Overrides the folder, which by default is in the user's cache folder according to the XDG base directory
/// specification.
pub const CACHE_DIR_VARIABLE: &str = "OPENCV_BUILD_CACHE";
const NAME: &str = "opencv-build";

/// The paths for the target folder `target`, and a warning if the user's cache folder is unusable.
pub(crate) fn build_paths(environment: &Environment, target: &Path) -> Result<(BuildPaths, Option<String>)> {
    let below = BuildPaths::new(target)?;
    if let Some(named) = environment.get(CACHE_DIR_VARIABLE) {
        let folder = Path::new(named);
        let named = folder.display();
        let failed = || format!("failed to use the folder `{named}` of the variable {CACHE_DIR_VARIABLE}");
        return Ok((shared_paths(&below, folder).with_context(failed)?, None));
    }
    let why = match user_cache_dir(environment) {
        Some(folder) => match shared_paths(&below, &folder) {
            Ok(shared) => return Ok((shared, None)),
            Err(error) => format!("`{}` is unusable ({error:#})", folder.display()),
        },
        None => "neither XDG_CACHE_HOME nor HOME is set to a usable folder".to_owned(),
    };
    let warning = format!(
        "the toolchain and downloads are in `{}`, for this checkout only: {why}; set {CACHE_DIR_VARIABLE} to another \
         folder",
        below.shared_dir().display()
    );
    Ok((below, Some(warning)))
}

fn user_cache_dir(environment: &Environment) -> Option<PathBuf> {
    let named = |name: &str| environment.get(name).map(PathBuf::from);
    // The specification ignores relative paths. Services often have the root folder as their home.
    let cache = named("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let home = || named("HOME").filter(|path| path.is_absolute() && path.parent().is_some());
    let cache = cache.or_else(|| Some(home()?.join(".cache")))?;
    Some(cache.join(NAME))
}

fn shared_paths(below: &BuildPaths, folder: &Path) -> Result<BuildPaths> {
    ensure!(folder.is_absolute(), "the path is not absolute");
    let shared = below.with_shared_dir(folder)?;
    fs::create_dir_all(folder)?;
    // Writing a file is the only reliable test: permissions do not apply to root, and not even root can write to a
    // read-only file system.
    for folder in [folder, &shared.toolchain_dir(), &shared.downloads_dir()] {
        if folder.is_dir() {
            let failed = || format!("failed to write to `{}`", folder.display());
            tempfile::tempfile_in(folder).with_context(failed)?;
        }
    }
    Ok(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shared folder with these variables, and the warning.
    fn shared(variables: &[(&str, &Path)]) -> Result<(PathBuf, Option<String>)> {
        let environment = variables.iter().copied().collect();
        let (paths, warning) = build_paths(&environment, Path::new("/p/target"))?;
        assert!(paths.toolchain_dir().starts_with(paths.shared_dir()));
        assert!(paths.lock_file().starts_with("/p/target"));
        Ok((paths.shared_dir().to_owned(), warning))
    }

    #[test]
    fn cache_variable_precedes_xdg_cache_home_and_home() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let (own, cache, home) = (at("own"), at("cache"), at("home"));
        let mut variables = vec![
            (CACHE_DIR_VARIABLE, own.as_path()),
            ("XDG_CACHE_HOME", cache.as_path()),
            ("HOME", home.as_path()),
        ];
        for folder in [
            own.clone(),
            cache.join("opencv-build"),
            home.join(".cache/opencv-build"),
        ] {
            assert_eq!(shared(&variables).unwrap(), (folder.clone(), None));
            assert!(folder.is_dir());
            variables.remove(0);
        }
        let relative = [("XDG_CACHE_HOME", Path::new("cache")), ("HOME", home.as_path())];
        let (folder, _) = shared(&relative).unwrap();
        assert_eq!(folder, home.join(".cache/opencv-build"));
    }

    #[test]
    fn without_writable_home_the_target_folder_is_used() {
        let scratch = tempfile::tempdir().unwrap();
        let comma = scratch.path().join("a,b");
        for (home, why) in [
            (None, "nor HOME is set"),
            (Some(Path::new("/")), "nor HOME is set"),
            (Some(Path::new("")), "nor HOME is set"),
            (Some(Path::new("relative")), "nor HOME is set"),
            // Not even root can create a folder in /proc.
            (Some(Path::new("/proc")), "/proc/.cache/opencv-build"),
            (Some(comma.as_path()), "cannot work in"),
        ] {
            let variables: Vec<_> = home.map(|home| ("HOME", home)).into_iter().collect();
            let (folder, warning) = shared(&variables).unwrap();
            assert_eq!(folder, Path::new("/p/target"));
            let warning = warning.unwrap();
            assert!(warning.contains(why) && warning.lines().count() == 1, "{warning}");
        }
        assert!(!comma.exists());
    }

    #[test]
    fn unusable_cache_folder_is_an_error() {
        for (folder, why) in [
            ("/proc/cache", "failed to create directory"),
            ("/proc/self", "failed to write to"),
            ("relative", "not absolute"),
            ("/x/a;b", "cannot work in"),
        ] {
            let error = shared(&[(CACHE_DIR_VARIABLE, Path::new(folder))]).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(CACHE_DIR_VARIABLE) && error.contains(why), "{error}");
        }
    }
}

//! Finds the shared libraries that a program needs in a root folder: the loader and glibc's libraries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::elf::{Elf, FunctionBinary};
use crate::{Architecture, Content, Error, FileTree, GlibcVersion, Mode, Result};

/// Since this release libc contains the resolver. Before, it was in libraries that libc loads at run time, so that no
/// program lists them. Source: glibc's NEWS for 2.34.
const RESOLVER_IN_LIBC: GlibcVersion = GlibcVersion::new(2, 34);

const RESOLVER_LIBRARIES: [&str; 3] = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/// The loader and libraries of `binary` from the root folder `root`, `/` for this machine's own, at the paths where its
/// loader searches them.
///
/// # Errors
/// The folder does not have one of them for the binary's architecture.
pub fn required_libraries(binary: &FunctionBinary, root: &Path) -> Result<FileTree> {
    let elf = binary.elf();
    let find = |name: &str| find_library(name, root, binary.architecture());
    let mut found = BTreeMap::new();
    let mut wanted = elf.needed.clone();
    if let Some(interpreter) = &elf.interpreter {
        let name = interpreter.rsplit('/').next().unwrap_or(interpreter);
        let (_, file, library) = find(name)?;
        // The kernel starts the loader by this path. Libraries need it by name, but it is loaded already, so it is not
        // searched.
        found.insert(name.to_owned(), (interpreter.clone(), file));
        wanted.extend(library.needed);
    }
    while let Some(name) = wanted.pop() {
        if found.contains_key(&name) {
            continue;
        }
        let (path, file, library) = find(&name)?;
        let old = library.provided_glibc.is_some_and(|glibc| glibc < RESOLVER_IN_LIBC);
        if name == "libc.so.6" && old {
            wanted.extend(RESOLVER_LIBRARIES.map(str::to_owned));
        }
        found.insert(name, (path, file));
        wanted.extend(library.needed);
    }
    let mut tree = FileTree::new();
    for (at, file) in found.into_values() {
        let path = at.trim_start_matches('/');
        tree.add(path, Content::File(file), Mode::Program)?;
    }
    Ok(tree)
}

/// The folders of an architecture's libraries in common distributions, in the loaders' search order.
pub fn library_folders(architecture: Architecture) -> Vec<String> {
    let multiarch = format!("lib/{architecture}-linux-gnu");
    let folders = [multiarch.as_str(), "lib64", "lib"].into_iter();
    let folders = folders.flat_map(|folder| [format!("/{folder}"), format!("/usr/{folder}")]);
    folders.collect()
}

/// Whether the root folder `root` has a glibc for the architecture.
pub fn is_in(root: &Path, architecture: Architecture) -> bool {
    find_library("libc.so.6", root, architecture).is_ok()
}

/// The first library of that name that is for the architecture: its path in `root`, and the same with `root`.
fn find_library(name: &str, root: &Path, architecture: Architecture) -> Result<(String, PathBuf, Elf)> {
    let folders = library_folders(architecture);
    for folder in &folders {
        let path = format!("{folder}/{name}");
        let file = root.join(path.trim_start_matches('/'));
        if !file.is_file() {
            continue;
        }
        // Skips other files of that name, such as linker scripts and libraries for other architectures.
        if let Ok(elf) = Elf::read(&file)
            && elf.architecture == architecture
        {
            return Ok((path, file, elf));
        }
    }
    let (root, folders) = (root.display(), folders.join(", "));
    Err(Error::Other(format!(
        "failed to find {name} for {architecture} below `{root}` in {folders}; install glibc for {architecture} there"
    )))
}

/// The version of the glibc in a tree of [`required_libraries`].
pub fn release(tree: &FileTree) -> Result<Option<GlibcVersion>> {
    for (path, content) in tree.files() {
        if let Content::File(file) = content
            && path.ends_with("/libc.so.6")
        {
            return Ok(Elf::read(file)?.provided_glibc);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_library_is_named_with_a_remedy() {
        let error = find_library("libc.so.6", Path::new("/nowhere"), Architecture::Aarch64).unwrap_err();
        let error = error.to_string();
        for part in [
            "find libc.so.6 for aarch64 below `/nowhere` in /lib/aarch64-linux-gnu",
            "install glibc",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert!(!is_in(Path::new("/nowhere"), Architecture::Aarch64));
    }

    #[test]
    fn host_libc_has_a_release() {
        let architecture = Architecture::host().unwrap();
        let (path, _, elf) = find_library("libc.so.6", Path::new("/"), architecture).unwrap();
        assert!(elf.provided_glibc.unwrap() >= GlibcVersion::new(2, 17), "{path}");
    }
}

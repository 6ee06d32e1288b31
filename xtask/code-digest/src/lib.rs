//! Digests of code, as cache keys: equal digests mean that the code has the same tokens, and so the same behaviour.
//! Build scripts compute them and set them as environment variables for the code itself.
//!
//! A digest covers a module, all modules reachable from it by paths, and the files that these include. It ignores
//! comments, documentation, lint levels, tests, layout and unreachable code. There is no list of files to maintain: a
//! new file is included as soon as it is reachable.
//!
//! Reachability is determined by names, without resolving types. It is an over-approximation: a module reaches all of
//! its submodules, and the name of an item of `lib.rs` reaches the whole crate.

mod included_files;
mod module_paths;
mod modules;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, ensure};
use sha2::{Digest, Sha256};

use crate::modules::Module;

pub use crate::included_files::locked_versions;

/// The modules of several crates, by path: `opencv_build::trim`.
#[derive(Debug)]
pub struct ModuleGraph(BTreeMap<String, Module>);

impl ModuleGraph {
    /// Reads crates in a build script, each with its name in paths and its source folder relative to the script's.
    /// Tells cargo to run the script again when one of their source files or included files changes.
    ///
    /// # Errors Those of [`ModuleGraph::read`].
    pub fn for_build_script(crates: &[(&str, &str)]) -> Result<Self> {
        for (_, folder) in crates {
            println!("cargo::rerun-if-changed={folder}");
        }
        let crates = crates.iter();
        let crates = crates.map(|(name, folder)| (*name, Path::new(*folder)));
        let code = Self::read(&crates.collect::<Vec<_>>())?;
        for (name, module) in &code.0 {
            for (_, file) in included_files::find(name, module)? {
                println!("cargo::rerun-if-changed={}", file.display());
            }
        }
        Ok(code)
    }

    /// Reads crates, each with its name in paths and the folder of its `lib.rs`.
    ///
    /// # Errors
    /// A file cannot be read, is not Rust, or declares modules in an unsupported way.
    pub fn read(crates: &[(&str, &Path)]) -> Result<Self> {
        let mut modules = BTreeMap::new();
        for (name, folder) in crates {
            modules::add(name, &folder.join("lib.rs"), folder, &mut modules)?;
        }
        Ok(Self(modules))
    }

    /// The SHA-256 of the module `root` and all that it reaches, in hexadecimal, without the modules and included files
    /// in `excluded` and what only they reach.
    ///
    /// # Errors
    /// An included file cannot be read, or `root` or something in `excluded` does not exist.
    pub fn digest(&self, root: &str, excluded: &[&str]) -> Result<String> {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        for (name, content) in self.parts(root, excluded)? {
            add(&name);
            add(&content);
        }
        Ok(hex::encode(hash.finalize()))
    }

    /// The inputs of a digest, by the names of modules and included files.
    fn parts(&self, root: &str, excluded: &[&str]) -> Result<BTreeMap<String, String>> {
        let mut unused: BTreeSet<&str> = excluded.iter().copied().collect();
        unused.retain(|name| !self.0.contains_key(*name));
        let mut parts = BTreeMap::new();
        for name in self.reachable(root, excluded)? {
            let module = &self.0[name];
            parts.insert(name.to_owned(), tokens::to_text(&module.code));
            for (path, file) in included_files::find(name, module)? {
                if let Some(known) = excluded.iter().find(|known| file.ends_with(known)) {
                    unused.remove(known);
                    continue;
                }
                parts.insert(format!("{name}: {path}"), included_files::digest_content(&file)?);
            }
        }
        ensure!(
            unused.is_empty(),
            "failed to exclude {unused:?} from the digest of `{root}`: there is no such module or file"
        );
        Ok(parts)
    }

    fn reachable(&self, root: &str, excluded: &[&str]) -> Result<BTreeSet<&str>> {
        ensure!(self.0.contains_key(root), "there is no module `{root}`");
        let mut reachable = BTreeSet::new();
        // Implementations for types of other modules are used without naming the implementing module.
        let extending = self.0.iter().filter(|(_, module)| module.has_foreign_impls);
        let mut next: Vec<_> = extending.map(|(name, _)| name.clone()).collect();
        next.push(root.to_owned());
        while let Some(name) = next.pop() {
            let Some((name, module)) = self.0.get_key_value(&name) else {
                continue;
            };
            if excluded.contains(&name.as_str()) || !reachable.insert(name.as_str()) {
                continue;
            }
            next.extend(module.children.iter().cloned());
            next.extend(module_paths::used_modules(name, &module.code, &self.0));
        }
        Ok(reachable)
    }
}

#[cfg(test)]
mod tests;

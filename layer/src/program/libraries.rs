//! Finds the shared libraries of a program, and theirs, as the loader would. Sources: the manual pages ld.so(8) and
//! dlopen(3) for glibc's loader; musl's `ldso/dynlink.c` for musl's.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use super::environment::Environment;
use super::file::ProgramFile;
use super::root::{Found, Root};
use super::search_path::{expand, is_part_of_musl, parse_cache};
use crate::elf::Elf;
use crate::glibc::library_folders;
use crate::{Architecture, Result};

/// The deepest chain of libraries that need others. Each level reads layers again.
const MAX_DEPTH: usize = 32;
/// The most libraries of a program.
const MAX_LIBRARIES: usize = 2000;

/// Where a needed library was found.
#[derive(Clone, Debug)]
pub(super) enum Library {
    Loaded(Rc<ProgramFile>),
    /// The runtime's own.
    Provided,
    Missing {
        needed_by: String,
        /// Files of that name that the loader does not take.
        unsuitable: Option<String>,
    },
}

/// The libraries of a program by the names by which they are needed.
#[derive(Debug, Default)]
pub(super) struct Libraries {
    pub(super) by_name: BTreeMap<String, Library>,
    /// The program and its libraries, by path.
    pub(super) objects: Vec<(String, Rc<ProgramFile>)>,
    /// Libraries that only Lambda's own search path has: their names and paths.
    pub(super) assumed: Vec<(String, String)>,
}

/// A program or library whose libraries are searched.
struct Object {
    path: String,
    file: Rc<ProgramFile>,
    /// The folders of its `DT_RPATH` and those of the objects that needed it.
    rpath: Vec<String>,
}

/// A path, and whether it is only on Lambda's own search path.
type Candidate = (String, bool);

pub(super) struct Search<'a> {
    root: &'a Root<'a>,
    environment: &'a Environment,
    architecture: Architecture,
    is_musl: bool,
    /// The folders that are searched last.
    usual_folders: Vec<String>,
    /// The libraries in `/etc/ld.so.cache`, by name.
    cache: BTreeMap<String, Vec<String>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        root: &'a Root<'a>,
        environment: &'a Environment,
        architecture: Architecture,
        program: &Elf,
    ) -> Result<Self> {
        let loader = program.interpreter.as_deref().unwrap_or_default();
        let is_musl = is_musl(root, &environment.absolute(loader), architecture)?;
        let usual_folders = match is_musl {
            true => musl_folders(root, architecture)?,
            false => glibc_folders(root, &environment.absolute(loader), architecture),
        };
        // Only glibc's loader reads it.
        let cache = match is_musl {
            true => None,
            false => root.small_file("/etc/ld.so.cache")?,
        };
        Ok(Self {
            root,
            environment,
            architecture,
            is_musl,
            usual_folders,
            cache: parse_cache(&cache.unwrap_or_default()),
        })
    }

    /// Finds all libraries of the program at `path`.
    pub(super) fn libraries(&self, path: &str, program: Rc<ProgramFile>) -> Result<Libraries> {
        let mut found = Libraries::default();
        // The loader is loaded already when its name is needed.
        if let ProgramFile::Elf(elf) = program.as_ref()
            && let Some(loader) = &elf.interpreter
        {
            let name = loader.rsplit('/').next().unwrap_or(loader);
            found.by_name.insert(name.to_owned(), Library::Provided);
        }
        let mut level = VecDeque::from([Object {
            path: path.to_owned(),
            file: program,
            rpath: Vec::new(),
        }]);
        for _ in 0..MAX_DEPTH {
            let mut wanted = Vec::new();
            let mut paths = BTreeSet::new();
            for object in &level {
                let ProgramFile::Elf(elf) = object.file.as_ref() else {
                    continue;
                };
                let rpath = rpath(object, elf);
                for name in &elf.needed {
                    if found.by_name.contains_key(name) || (self.is_musl && is_part_of_musl(name)) {
                        continue;
                    }
                    let candidates = self.candidates(object, elf, &rpath, name);
                    for (candidate, _) in &candidates {
                        if let Found::File { path, .. } = self.root.find(candidate) {
                            paths.insert(path);
                        }
                    }
                    wanted.push((object.path.clone(), rpath.clone(), name.clone(), candidates));
                }
            }
            self.root.read_all(paths)?;
            found
                .objects
                .extend(level.drain(..).map(|object| (object.path, object.file)));
            for (needed_by, rpath, name, candidates) in wanted {
                if found.by_name.contains_key(&name) || found.by_name.len() > MAX_LIBRARIES {
                    continue;
                }
                if let Some((path, file)) = self.choose(&needed_by, &name, &candidates, &mut found)? {
                    level.push_back(Object { path, file, rpath });
                }
            }
            if level.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// Adds the first suitable candidate; returns its path and file, if its own libraries must be searched.
    fn choose(
        &self,
        needed_by: &str,
        name: &str,
        candidates: &[Candidate],
        found: &mut Libraries,
    ) -> Result<Option<(String, Rc<ProgramFile>)>> {
        let mut unsuitable = None;
        for (candidate, assumed) in candidates {
            let path = match self.root.find(candidate) {
                Found::Provided => {
                    found.by_name.insert(name.to_owned(), Library::Provided);
                    return Ok(None);
                }
                Found::File { path, mode } if mode & 0o004 == 0 || self.root.closed_folder(&path).is_some() => {
                    unsuitable.get_or_insert(format!("only its owner may read `/{path}`"));
                    continue;
                }
                Found::File { path, .. } => path,
                Found::Nothing | Found::Other | Found::InLayers => continue,
            };
            let file = self.root.read(&path)?;
            match file.as_ref() {
                ProgramFile::Elf(elf) if elf.architecture == self.architecture => {
                    if *assumed {
                        found.assumed.push((name.to_owned(), candidate.clone()));
                    }
                    let names = [Some(name.to_owned()), elf.soname.clone()];
                    for name in names.into_iter().flatten() {
                        found.by_name.insert(name, Library::Loaded(file.clone()));
                    }
                    return Ok(Some((path, file)));
                }
                // The loader goes on with the next folder.
                ProgramFile::Elf(elf) => {
                    unsuitable.get_or_insert(format!("`{candidate}` is for {}", elf.architecture));
                }
                ProgramFile::Script(_) => {
                    unsuitable.get_or_insert(format!("`{candidate}` is a script"));
                }
                ProgramFile::Unsupported(what) => {
                    unsuitable.get_or_insert(format!("`{candidate}` is {what}"));
                }
            }
        }
        let needed_by = needed_by.to_owned();
        found
            .by_name
            .insert(name.to_owned(), Library::Missing { needed_by, unsuitable });
        Ok(None)
    }

    /// The paths at which the loader looks for a library, in its order.
    fn candidates(&self, object: &Object, elf: &Elf, rpath: &[String], name: &str) -> Vec<Candidate> {
        if name.contains('/') {
            return vec![(
                self.environment
                    .absolute(&expand(name, &object.path, self.architecture)[0]),
                false,
            )];
        }
        let runpath = elf.runpath.iter();
        let runpath = runpath.flat_map(|folder| expand(folder, &object.path, self.architecture));
        // DT_RUNPATH replaces DT_RPATH.
        let rpath = rpath.iter().filter(|_| elf.runpath.is_empty()).cloned();
        let environment = self.environment.library_path.iter().cloned();
        let in_folders = |folders: Vec<String>, assumed: bool| {
            let paths = folders
                .into_iter()
                .map(move |folder| format!("{}/{name}", folder.trim_end_matches('/')));
            paths
                .map(move |path| (self.environment.absolute(&path), assumed))
                .collect::<Vec<_>>()
        };
        let cached = self.cache.get(name).into_iter().flatten();
        let mut candidates = in_folders(rpath.chain(environment).chain(runpath).collect(), false);
        candidates.extend(cached.map(|path| (path.clone(), false)));
        candidates.extend(in_folders(self.usual_folders.clone(), false));
        candidates.extend(in_folders(self.environment.assumed_library_path.clone(), true));
        candidates
    }
}

/// Whether the loader at a path is musl's. It may have the name of glibc's: Alpine's package libc6-compat makes a link
/// to musl's loader, and gcompat has a program that starts it.
fn is_musl(root: &Root<'_>, loader: &str, architecture: Architecture) -> Result<bool> {
    if loader.contains("/ld-musl-") {
        return Ok(true);
    }
    let musl = format!("/lib/ld-musl-{architecture}.so.1");
    let (Found::File { .. }, Found::File { path, .. }) = (root.find(&musl), root.find(loader)) else {
        return Ok(false);
    };
    let file = root.read(&path)?;
    let soname = match file.as_ref() {
        ProgramFile::Elf(elf) => elf.soname.as_deref(),
        _ => None,
    };
    Ok(!soname.is_some_and(|name| name.starts_with("ld-linux-")))
}

/// The usual folders, and that of the loader itself: those that are built in are below the prefix of its own build.
fn glibc_folders(root: &Root<'_>, loader: &str, architecture: Architecture) -> Vec<String> {
    let mut folders = library_folders(architecture);
    if let Found::File { path, .. } = root.find(loader)
        && let Some((folder, _)) = path.rsplit_once('/')
    {
        folders.push(format!("/{folder}"));
    }
    folders
}

/// The folders in musl's configuration, or else those that are built in.
fn musl_folders(root: &Root<'_>, architecture: Architecture) -> Result<Vec<String>> {
    let configured = root.small_file(&format!("/etc/ld-musl-{architecture}.path"))?;
    let folders = configured.map_or("/lib:/usr/local/lib:/usr/lib".into(), |bytes| {
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let folders = folders.split([':', '\n']).filter(|folder| !folder.is_empty());
    Ok(folders.map(str::to_owned).collect())
}

/// The folders of an object's `DT_RPATH`, and then those of the objects that needed it.
fn rpath(object: &Object, elf: &Elf) -> Vec<String> {
    let Some(architecture) = elf.architecture.supported() else {
        return Vec::new();
    };
    let own = elf.rpath.iter().filter(|_| elf.runpath.is_empty());
    let own = own.flat_map(|folder| expand(folder, &object.path, architecture));
    own.chain(object.rpath.iter().cloned()).collect()
}

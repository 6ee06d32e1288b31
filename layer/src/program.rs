//! Whether a program can start in a file system: its format, its interpreter or loader, its libraries and theirs, and
//! the symbol versions that they require of each other.

mod environment;
mod file;
pub(crate) mod image;
mod libraries;
pub(crate) mod root;
mod script;
mod search_path;

use std::rc::Rc;

pub(crate) use self::environment::Environment;
pub(crate) use self::file::{ProgramFile, describe_file};
use self::libraries::{Libraries, Library, Search};
use self::root::{Found, Root};
use self::script::Script;
use crate::elf::{Elf, glibc_release};
use crate::runtime::OperatingSystem;
use crate::{Architecture, Result};

/// The most interpreters of interpreters that the kernel follows.
const MAX_INTERPRETERS: usize = 5;

/// The rule that a problem breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// The file itself: missing, not executable, not a program.
    File,
    Architecture,
    /// The loader, the interpreter or a library.
    Loader,
    Glibc,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    /// Whether the program fails. Otherwise it only may.
    pub(crate) is_certain: bool,
    pub(crate) message: String,
}

fn error(kind: ProblemKind, message: String) -> Problem {
    Problem {
        kind,
        is_certain: true,
        message,
    }
}

fn warning(kind: ProblemKind, message: String) -> Problem {
    Problem {
        is_certain: false,
        ..error(kind, message)
    }
}

pub(crate) struct ProgramCheck<'a> {
    pub(crate) root: &'a Root<'a>,
    pub(crate) environment: &'a Environment,
    pub(crate) architecture: Architecture,
    /// Where files are, for messages: "in the image".
    pub(crate) place: &'a str,
    /// The operating system around the files, if they are no complete image.
    pub(crate) system: Option<&'a OperatingSystem>,
}

impl ProgramCheck<'_> {
    /// Checks the program at an absolute path. Returns all problems.
    pub(crate) fn check(&self, path: &str) -> Result<Vec<Problem>> {
        self.check_file(path, 0)
    }

    fn check_file(&self, path: &str, depth: usize) -> Result<Vec<Problem>> {
        let place = self.place;
        let wrong = |message| Ok(vec![error(ProblemKind::File, message)]);
        let (real_path, mode) = match self.root.find(path) {
            Found::Provided => return Ok(Vec::new()),
            Found::Nothing => return wrong(format!("`{path}` is not {place}")),
            Found::Other => return wrong(format!("`{path}` is not a file")),
            Found::InLayers => {
                let found = format!("`{path}` is not {place}; it must be in a layer of the function");
                return Ok(vec![warning(ProblemKind::File, found)]);
            }
            Found::File { path, mode } => (path, mode),
        };
        let mut problems = self.permission_problems(ProblemKind::File, path, &real_path, mode);
        let file = self.root.read(&real_path)?;
        problems.extend(match file.as_ref() {
            ProgramFile::Elf(_) => self.check_elf(path, &format!("/{real_path}"), &file)?,
            ProgramFile::Script(script) => self.check_script(path, script, depth)?,
            ProgramFile::Unsupported(what) => {
                let found = format!("`{path}` is {what}, which Linux does not run (exec format error)");
                vec![error(ProblemKind::File, found)]
            }
        });
        Ok(problems)
    }

    /// Whether unprivileged users may run the file at `real_path`, which messages call `path`.
    fn permission_problems(&self, kind: ProblemKind, path: &str, real_path: &str, mode: u32) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some((folder, mode)) = self.root.closed_folder(real_path) {
            let found = format!("`{path}` is below `/{folder}` with mode {mode:04o}, which only its owner may enter");
            problems.push(error(kind, found));
        }
        if mode & 0o005 != 0o005 {
            let found = format!("`{path}` has mode {mode:04o}; everybody must be able to run it");
            problems.push(error(kind, found));
        }
        problems
    }

    fn check_script(&self, path: &str, script: &Script, depth: usize) -> Result<Vec<Problem>> {
        let wrong = |kind, message| Ok(vec![error(kind, message)]);
        let interpreter = &script.interpreter;
        if script.has_carriage_return() {
            let found = format!(
                "`{path}` has the line endings of Windows: the kernel starts `{interpreter}` with a `\\r` in its first \
                 line (no such file or directory)"
            );
            return wrong(ProblemKind::File, found.replace('\r', "\\r"));
        }
        if depth >= MAX_INTERPRETERS {
            let found = format!("`{path}` has more than {MAX_INTERPRETERS} interpreters of interpreters");
            return wrong(ProblemKind::File, found);
        }
        let absolute = self.environment.absolute(interpreter);
        if self.root.find(&absolute) == Found::Nothing {
            let place = self.place;
            let found = format!("the interpreter `{interpreter}` of the script `{path}` is not {place}");
            return wrong(ProblemKind::Loader, found);
        }
        let mut problems = self.check_file(&absolute, depth + 1)?;
        if let Some(program) = script.program_of_env() {
            match self.find_in_path(program) {
                Some(found) => problems.extend(self.check_file(&found, depth + 1)?),
                None => {
                    let folders = self.environment.search_path.join(", ");
                    let found = format!("`{path}` is a script for `{program}`, which is not in PATH ({folders})");
                    problems.push(error(ProblemKind::Loader, found));
                }
            }
        }
        Ok(problems)
    }

    /// The first file of that name in `PATH`.
    pub(crate) fn find_in_path(&self, name: &str) -> Option<String> {
        if name.contains('/') {
            return Some(self.environment.absolute(name));
        }
        let folders = self.environment.search_path.iter();
        let mut paths = folders.map(|folder| format!("{}/{name}", folder.trim_end_matches('/')));
        paths.find(|path| matches!(self.root.find(path), Found::File { .. } | Found::Provided))
    }

    /// Checks an ELF program, which messages call `name`. `path` is without links.
    pub(crate) fn check_elf(&self, name: &str, path: &str, file: &Rc<ProgramFile>) -> Result<Vec<Problem>> {
        let ProgramFile::Elf(elf) = file.as_ref() else {
            return Ok(Vec::new());
        };
        let (place, architecture) = (self.place, self.architecture);
        if elf.architecture != architecture {
            let found = format!("`{name}` is for {}, not for {architecture}", elf.architecture);
            return Ok(vec![error(ProblemKind::Architecture, found)]);
        }
        let mut problems = Vec::new();
        if let Some(loader) = &elf.interpreter {
            let absolute = self.environment.absolute(loader);
            match self.root.find(&absolute) {
                Found::File { path, mode } => {
                    problems.extend(self.permission_problems(ProblemKind::Loader, loader, &path, mode));
                }
                Found::Provided | Found::InLayers => {}
                Found::Nothing | Found::Other => {
                    let advice = loader_advice(loader);
                    let found = format!("`{name}` is started by `{loader}`, which is not {place}{advice}");
                    problems.push(error(ProblemKind::Loader, found));
                }
            }
        }
        let search = Search::new(self.root, self.environment, architecture, elf)?;
        let libraries = search.libraries(path, file.clone())?;
        for (library, found) in &libraries.by_name {
            match found {
                Library::Missing { needed_by, unsuitable } => {
                    let needed_by = if needed_by == path { name } else { needed_by };
                    let unsuitable = unsuitable.as_ref().map(|what| format!(" ({what})")).unwrap_or_default();
                    let found = format!("`{needed_by}` needs {library}, which is not {place}{unsuitable}");
                    problems.push(error(ProblemKind::Loader, found));
                }
                Library::Provided if self.system.is_some_and(|system| system.is_uncertain(library)) => {
                    let found = format!(
                        "`{name}` needs {library}, which AWS's image of the runtime has, but not every function found \
                         on Lambda; put it into `lib/`"
                    );
                    problems.push(warning(ProblemKind::Loader, found));
                }
                Library::Loaded(_) | Library::Provided => {}
            }
        }
        for (library, path) in &libraries.assumed {
            let found = format!(
                "`{name}` needs {library}, which is at `{path}`; set LD_LIBRARY_PATH in the image, because only zip \
                 archives are sure to be searched there"
            );
            problems.push(warning(ProblemKind::Loader, found));
        }
        problems.extend(self.check_versions(name, path, &libraries));
        Ok(problems)
    }

    /// One problem for all versions of glibc, and one for each other library that is too old.
    fn check_versions(&self, name: &str, program: &str, libraries: &Libraries) -> Vec<Problem> {
        let mut problems: Vec<Problem> = Vec::new();
        let mut newest_glibc = None;
        for (object, file) in &libraries.objects {
            let ProgramFile::Elf(elf) = file.as_ref() else {
                continue;
            };
            for required in &elf.required_versions {
                let version = &required.version;
                let is_defined = match libraries.by_name.get(&required.library) {
                    Some(Library::Loaded(file)) => match file.as_ref() {
                        // A library without versions fits all, with a warning of the loader.
                        ProgramFile::Elf(elf) => {
                            elf.provided_versions.is_empty() || elf.provided_versions.contains(version)
                        }
                        _ => true,
                    },
                    Some(Library::Provided) => self.system.is_none_or(|system| system.defines(version)),
                    // A missing library has been reported already, and the loader defines its own versions.
                    Some(Library::Missing { .. }) | None => true,
                };
                if is_defined {
                    continue;
                }
                let object = if object == program { name } else { object };
                if version.starts_with("GLIBC_") {
                    let found = (glibc_release(version), version.clone(), object.to_owned());
                    newest_glibc = newest_glibc.max(Some(found));
                } else {
                    let library = &required.library;
                    let found = format!(
                        "`{object}` needs {version} of {library}, which is too old {}",
                        self.place
                    );
                    problems.push(error(ProblemKind::Loader, found));
                }
            }
        }
        if let Some((release, version, object)) = newest_glibc {
            let needed = release.map_or(version.clone(), |release| release.to_string());
            let found = self.glibc_release(libraries);
            let found = format!("`{object}` needs glibc {needed} ({version}); {found}");
            problems.push(error(ProblemKind::Glibc, found));
        }
        problems
    }

    fn glibc_release(&self, libraries: &Libraries) -> String {
        let own = match libraries.by_name.get("libc.so.6") {
            Some(Library::Loaded(file)) => match file.as_ref() {
                ProgramFile::Elf(elf) => elf.provided_glibc,
                _ => None,
            },
            _ => self.system.map(|system| system.glibc),
        };
        own.map_or("another one is there".to_owned(), |release| {
            format!("its glibc is {release}")
        })
    }
}

/// Why a loader is often missing.
fn loader_advice(loader: &str) -> &'static str {
    if loader.contains("/ld-musl-") {
        " (it is linked against musl; link it statically, or build it for glibc)"
    } else if loader.starts_with("/nix/store/") {
        " (it was built by nix; copy its closure, link it statically, or change it with `patchelf --set-interpreter`)"
    } else {
        ""
    }
}

/// An ELF file as the program that is checked.
pub(crate) fn elf_file(elf: &Elf) -> Rc<ProgramFile> {
    Rc::new(ProgramFile::Elf(Box::new(elf.clone())))
}

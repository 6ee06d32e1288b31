//! The compiler and build tools of an SDK, for programs that are built against it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::compiler::Compiler;
use crate::environment::{compiler_variables, linker_variable};
use crate::error::{Error, ErrorKind, WithKind};
use crate::linker;
use crate::paths::BuildPaths;
use crate::pins::Pins;
use crate::recipe::Recipe;
use crate::target::Target;
use crate::toolchain::Toolchain;

/// Installed tools, and the compiler for one target.
#[derive(Clone, Debug)]
pub struct Tools {
    toolchain: Toolchain,
    compiler: Compiler,
    target: Target,
    scripts: PathBuf,
    /// The tools of this machine's architecture if `target` has another one: they link build scripts and procedural
    /// macros. cargo compiles those again whenever their linker changes, so it is that of a build for this machine.
    host: Option<Box<Self>>,
}

#[expect(missing_docs, reason = "the names are self-explanatory")]
impl Tools {
    /// Installs the tools for `recipe` in `paths`, unless they are already installed.
    ///
    /// # Errors
    /// They cannot be downloaded, or the folder cannot be written.
    pub fn install(recipe: &Recipe, paths: &BuildPaths) -> Result<Self, Error> {
        let installed = || {
            let toolchain = Toolchain::install(Pins::embedded(), &paths.toolchain_dir())?;
            let tools = Self::new(&toolchain, recipe.target, paths)?;
            let host = recipe.target.on_host().filter(|host| *host != recipe.target);
            let host = host.map(|host| Self::new(&toolchain, host, paths)).transpose()?;
            anyhow::Ok(Self {
                host: host.map(Box::new),
                ..tools
            })
        };
        installed().with_kind(ErrorKind::Step)
    }

    fn new(toolchain: &Toolchain, target: Target, paths: &BuildPaths) -> anyhow::Result<Self> {
        Ok(Self {
            compiler: Compiler::new(toolchain, &target, paths)?,
            toolchain: toolchain.clone(),
            scripts: paths.work_dir(&target).join("bin"),
            target,
            host: None,
        })
    }

    pub fn cc(&self) -> PathBuf {
        self.compiler.cc()
    }

    pub fn cxx(&self) -> PathBuf {
        self.compiler.cxx()
    }

    /// zig, which includes clang and lld.
    pub fn zig(&self) -> PathBuf {
        self.toolchain.zig()
    }

    pub fn cmake(&self) -> PathBuf {
        self.toolchain.cmake()
    }

    pub fn ninja(&self) -> PathBuf {
        self.toolchain.ninja()
    }

    /// `PYTHONPATH` for the tools written in Python.
    pub fn python_path(&self) -> &Path {
        &self.toolchain.root
    }

    /// Environment variables that make cargo, the crate `cc` and the binding generator of the crate `opencv` compile
    /// and link with this compiler and no other.
    ///
    /// # Errors
    /// The compiler's macros cannot be read.
    pub fn environment(&self) -> Result<Vec<(String, OsString)>, Error> {
        let compiler = &self.compiler;
        let arguments = compiler.libclang_arguments(&self.target);
        let arguments = arguments.with_kind(ErrorKind::Step)?;
        let script = |name: &str| compiler.scripts_dir.join(name).into();
        let libclang = self.toolchain.root.join("clang/native");
        let mut variables = compiler_variables(script, &self.target, &arguments);
        for tools in [self].into_iter().chain(self.host.as_deref()) {
            variables.push((linker_variable(&tools.target), tools.compiler.cxx().into()));
        }
        variables.push(("LIBCLANG_PATH".to_owned(), libclang.into()));
        Ok(variables)
    }

    /// Environment variables, to be set after [`Self::environment`], that make cargo record the link of the program's
    /// crate `name` in the folder `record`, for size reports.
    ///
    /// # Errors
    /// The linker script cannot be written.
    pub fn link_record_environment(&self, record: &Path, name: &str) -> Result<Vec<(String, OsString)>, Error> {
        let environment = |tools: &Self| {
            linker::recording_environment(&tools.compiler, &tools.target, &tools.scripts, (record, name))
                .with_kind(ErrorKind::Step)
        };
        let mut variables = environment(self)?.to_vec();
        if let Some(host) = &self.host {
            variables.extend(environment(host)?);
        }
        Ok(variables)
    }
}

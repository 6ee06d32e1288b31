//! zig as the C and C++ compiler for one target: scripts that cmake, cargo and the crate `cc` can call like any
//! compiler, and the arguments with which libclang reads the same headers.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fs_err as fs;

use crate::paths::BuildPaths;
use crate::target::Target;
use crate::toolchain::Toolchain;
use support::atomic;
use support::child::Child;
use support::fingerprint::Fingerprint;

const SCRIPT: &str = include_str!("../data/compiler.sh");
const TOOL_SCRIPT: &str = include_str!("../data/tool.sh");

#[derive(Clone, Debug)]
pub struct Compiler {
    pub scripts_dir: PathBuf,
    zig_cache: PathBuf,
}

impl Compiler {
    pub(crate) fn new(toolchain: &Toolchain, target: &Target, paths: &BuildPaths) -> Result<Self> {
        let folder = paths.work_dir(target).join("bin");
        let cache = paths.toolchain_dir().join("zig-cache");
        Self::write_scripts(toolchain, target, &folder, &cache)
    }

    /// Writes the scripts into a subfolder of `folder`; zig caches what it compiles itself (libc++, startup code) in
    /// `cache`.
    pub(crate) fn write_scripts(toolchain: &Toolchain, target: &Target, folder: &Path, cache: &Path) -> Result<Self> {
        let (zig, cache_path) = (escape_single_quotes(&toolchain.zig())?, escape_single_quotes(cache)?);
        let setup = format!(
            "zig='{zig}'\nZIG_GLOBAL_CACHE_DIR='{cache_path}' ZIG_LOCAL_CACHE_DIR='{cache_path}'\nexport \
             ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR"
        );
        let scripts = scripts(&setup, target);
        // cargo identifies a compiler by its path when it decides whether to recompile a crate's C code: so the path
        // depends on the scripts' content, which includes the version of zig.
        let texts = scripts.iter().map(|(name, text)| (*name, text.as_bytes()));
        let folder = folder.join(Fingerprint::of(texts).short());
        fs::create_dir_all(&folder)?;
        for (name, text) in &scripts {
            write_script(&folder.join(name), text)?;
        }
        Ok(Self {
            scripts_dir: folder,
            zig_cache: cache.to_owned(),
        })
    }

    /// The compiler of programs that run on this machine during a build for `target`.
    pub(crate) fn for_host(&self, toolchain: &Toolchain, target: &Target) -> Result<Self> {
        if target.runs_on_host() {
            return Ok(self.clone());
        }
        let host = target
            .on_host()
            .context("zig is not pinned for this machine's processor")?;
        Self::write_scripts(toolchain, &host, &self.scripts_dir.join("host"), &self.zig_cache)
    }

    /// Variables that make zig use the scripts' cache when it is called directly. Its default is in HOME, which may not
    /// exist.
    pub(crate) fn zig_cache_variables(&self) -> [(&'static str, &Path); 2] {
        ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"].map(|name| (name, self.zig_cache.as_path()))
    }

    pub fn cc(&self) -> PathBuf {
        self.scripts_dir.join("cc")
    }

    pub fn cxx(&self) -> PathBuf {
        self.scripts_dir.join("c++")
    }

    /// Starts linking an empty program, for which zig compiles libc++ unless it is cached. Takes over a minute and
    /// mostly one core, so it runs in parallel to other work; call [`LibcxxBuild::wait`] before linking.
    pub fn start_libcxx_build(&self) -> Result<LibcxxBuild> {
        let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
        let source = folder.path().join("empty.cpp");
        fs::write(&source, "int main() { return 0; }\n")?;
        let log = folder.path().join("log");
        let program = folder.path().join("empty");
        let mut link = self.command();
        link.arg(&source).args(["-pie", "-fPIC", "-o"]).arg(program);
        let child = Child::start_logged(&mut link, &log)?;
        Ok(LibcxxBuild {
            child,
            log,
            _folder: folder,
        })
    }

    /// Arguments with which libclang reads zig's headers as zig's own clang does: the target, and the macros that zig
    /// defines instead of libc++'s configuration header.
    pub(crate) fn libclang_arguments(&self, target: &Target) -> Result<Vec<String>> {
        let mut arguments = vec![format!("--target={}-linux-gnu", target.architecture)];
        let none: [&str; 0] = [];
        arguments.extend(self.macros(none)?.iter().filter_map(|(name, value)| {
            let wanted = name.starts_with("_LIBCPP_") || name.starts_with("_LIBCXXABI_") || name == "__GLIBC_MINOR__";
            wanted.then(|| format!("-D{name}={value}"))
        }));
        Ok(arguments)
    }

    /// The release of the compiler's libc++: 22 for `_LIBCPP_VERSION` 220108.
    pub(crate) fn libcxx_release(&self) -> Result<u32> {
        let macros = self.macros(["-include", "cstddef"])?;
        let version = macros.get("_LIBCPP_VERSION");
        let release = version.and_then(|value| Some(value.parse::<u32>().ok()? / 10_000));
        release.with_context(|| format!("`{}` defines no _LIBCPP_VERSION", self.cxx().display()))
    }

    /// The C++ compiler, without the user's environment variables for headers and flags.
    fn command(&self) -> Command {
        support::environment::command(self.cxx(), &[])
    }

    /// The object-like macros that the compiler defines when called with `arguments`.
    pub(crate) fn macros(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<BTreeMap<String, String>> {
        let output = self
            .command()
            .args(["-E", "-dM", "-x", "c++"])
            .args(arguments)
            .arg("/dev/null")
            .output()
            .with_context(|| format!("failed to start `{}`", self.cxx().display()))?;
        ensure!(
            output.status.success(),
            "failed to read the macros of `{}`: {}",
            self.cxx().display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let text = String::from_utf8_lossy(&output.stdout);
        let macros = text.lines().filter_map(|line| {
            let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
            Some((name.to_owned(), value.to_owned()))
        });
        Ok(macros.collect())
    }
}

pub struct LibcxxBuild {
    child: Child,
    log: PathBuf,
    // Declared after `child`, so that the child ends before its folder is deleted.
    _folder: tempfile::TempDir,
}

impl LibcxxBuild {
    pub fn wait(self) -> Result<()> {
        let status = self.child.wait().context("failed to wait for zig")?;
        ensure!(
            status.success(),
            "failed to compile libc++ with zig: {status}\n{}",
            fs::read_to_string(&self.log).unwrap_or_default().trim()
        );
        Ok(())
    }
}

/// The compiler's scripts, by name; `setup` is code for the shell that sets `zig` to the path of zig.
pub(crate) fn scripts(setup: &str, target: &Target) -> [(&'static str, String); 4] {
    let compiler = SCRIPT.replace("@TARGET@", &target.zig_triple());
    let of = |template: &str, placeholder: &str, name: &str| {
        template
            .replace("@ZIG_SETUP@", setup.trim_end())
            .replace(placeholder, name)
    };
    [
        ("cc", of(&compiler, "@LANGUAGE@", "cc")),
        ("c++", of(&compiler, "@LANGUAGE@", "c++")),
        ("ar", of(TOOL_SCRIPT, "@TOOL@", "ar")),
        ("ranlib", of(TOOL_SCRIPT, "@TOOL@", "ranlib")),
    ]
}

/// Escapes a path for single quotes in a shell script.
fn escape_single_quotes(path: &Path) -> Result<String> {
    let text = path
        .to_str()
        .with_context(|| format!("`{}` is not valid UTF-8; move the project", path.display()))?;
    Ok(text.replace('\'', r"'\''"))
}

/// Writes a script unless it is unchanged: a new modification time would make cmake detect the compiler again.
pub(crate) fn write_script(path: &Path, script: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == script) {
        return Ok(());
    }
    atomic::write_with_mode(path, script.as_bytes(), 0o755)
}

#[cfg(test)]
mod tests;

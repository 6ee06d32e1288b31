//! What the user names for a target that the machine's own toolchain or libraries do not serve: a Rust toolchain and a
//! root folder with glibc.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use opencv_build::Architecture;
use serde::Deserialize;
use support::environment::Environment;

#[derive(clap::Args, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[group(skip)]
#[serde(deny_unknown_fields)]
pub struct TargetTools {
    /// Compile the function with this rustc, which has the standard library of the architecture. The variable
    /// RUSTC_aarch64_unknown_linux_gnu names one for arm64 [default: the project's toolchain, to which rustup adds the
    /// library]
    #[arg(long, value_name = "FILE")]
    pub rustc: Option<PathBuf>,

    /// The cargo for `--rustc` [default: the one in the same folder, or else the project's]
    #[arg(long, value_name = "FILE")]
    pub cargo: Option<PathBuf>,

    /// Take the image's glibc from this root folder. The variable SYSROOT_aarch64_unknown_linux_gnu names one for arm64
    /// [default: this machine's; for another architecture, Debian's package libc6]
    #[arg(long, value_name = "FOLDER")]
    pub sysroot: Option<PathBuf>,
}

/// The recipe's file; its other tables are ignored here.
#[derive(Deserialize)]
struct RecipeFile {
    #[serde(default)]
    tools: BTreeMap<Architecture, TargetTools>,
}

impl TargetTools {
    /// The tools for `architecture`: from the command line, the variables with the suffix of rustc's target, and
    /// `[tools.ARCHITECTURE]` in the text of the recipe `file`, in this order.
    pub(crate) fn resolve(
        &self,
        environment: &Environment,
        (file, recipe): (&Path, &str),
        architecture: Architecture,
    ) -> Result<Self> {
        let RecipeFile { mut tools } = toml::from_str(recipe)
            .with_context(|| format!("failed to read `[tools]` in the recipe `{}`", file.display()))?;
        let written = tools.remove(&architecture).unwrap_or_default();
        let below = |path: PathBuf| file.parent().unwrap_or(Path::new("")).join(path);
        let paths = [&written.rustc, &written.cargo, &written.sysroot];
        ensure!(
            paths.into_iter().flatten().all(|path| !path.as_os_str().is_empty()),
            "`[tools.{architecture}]` in the recipe `{}` has an empty path",
            file.display()
        );
        let suffix = architecture.rust_triple().replace('-', "_");
        let variable = |name: &str| environment.get(&format!("{name}_{suffix}")).map(PathBuf::from);
        let choose = |given: &Option<PathBuf>, name: &str, written: Option<PathBuf>| -> Result<Option<PathBuf>> {
            let chosen = given.clone().or_else(|| variable(name)).or(written.map(below));
            // cargo is started in another folder.
            Ok(chosen.map(std::path::absolute).transpose()?)
        };
        Ok(Self {
            rustc: choose(&self.rustc, "RUSTC", written.rustc)?,
            cargo: choose(&self.cargo, "CARGO", written.cargo)?,
            sysroot: choose(&self.sysroot, "SYSROOT", written.sysroot)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_precede_variables_and_variables_the_recipe() {
        let recipe =
            "version = \"4\"\n[tools.aarch64]\nrustc = \"rust/rustc\"\ncargo = \"/c\"\nsysroot = \"/recipe\"\n";
        let environment = [
            ("CARGO_aarch64_unknown_linux_gnu", "/variable/cargo"),
            ("SYSROOT_aarch64_unknown_linux_gnu", "/variable"),
        ];
        let environment = environment.into_iter().collect();
        let options = TargetTools {
            sysroot: Some("/option".into()),
            ..TargetTools::default()
        };
        let resolve = |architecture| {
            let recipe = (Path::new("/p/opencv.toml"), recipe);
            options.resolve(&environment, recipe, architecture).unwrap()
        };
        let arm = resolve(Architecture::Aarch64);
        assert_eq!(arm.rustc.as_deref(), Some(Path::new("/p/rust/rustc")));
        assert_eq!(arm.cargo.as_deref(), Some(Path::new("/variable/cargo")));
        assert_eq!(arm.sysroot.as_deref(), Some(Path::new("/option")));
        assert_eq!(resolve(Architecture::X86_64), options);
        let empty = (Path::new("r.toml"), "[tools.aarch64]\nsysroot = \"\"\n");
        let error = options.resolve(&environment, empty, Architecture::Aarch64);
        assert!(error.unwrap_err().to_string().contains("empty path"));
        let unknown = "[tools.aarch64]\nlinker = \"x\"\n";
        let error = options.resolve(&environment, (Path::new("r.toml"), unknown), Architecture::Aarch64);
        assert!(format!("{:#}", error.unwrap_err()).contains("linker"));
    }
}

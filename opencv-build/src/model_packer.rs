//! Compiles a program that packs models of a detector, with the detector's own files, so that the format written is the
//! format read. The program runs on the build machine for any target of the SDK: packed models are the same bytes on
//! every architecture.

use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;

use crate::context::BuildContext;
use crate::overlay;
use support::run::{Shell, cmd};

/// The folders of the detectors.
const DETECTOR_SOURCES: &str = "modules/objdetect/src/";

/// A program that packs models.
pub(crate) struct ModelPacker {
    /// The detector's folder.
    pub(crate) detector: &'static str,
    /// The detector's files that the program needs.
    pub(crate) sources: &'static [&'static str],
    /// The text of the file with `main`, which includes headers as if it were in the detector's folder.
    pub(crate) main: &'static str,
}

impl ModelPacker {
    /// Compiles the program in the empty folder `folder`, and returns its path.
    pub(crate) fn compile(&self, context: &BuildContext, folder: &Path) -> Result<PathBuf> {
        for (path, text) in overlay::files_in(DETECTOR_SOURCES) {
            let file = folder.join(path.trim_start_matches(DETECTOR_SOURCES));
            fs::create_dir_all(file.parent().unwrap_or(folder))?;
            fs::write(&file, text)?;
        }
        let detector = folder.join(self.detector);
        let main = detector.join("main.cpp");
        fs::write(&main, self.main)?;
        let sources = self.sources.iter().map(|source| detector.join(source));
        let sources: Vec<_> = sources.chain([main]).collect();
        let program = folder.join("pack");
        let compiler = context.compiler.for_host(context.toolchain, &context.recipe.target)?;
        let compiler = compiler.cxx();
        // `a * b + c` is not contracted, as in the SDK. With the same flags as in other links, libc++ is cached.
        let sh = Shell::new()?;
        context.run(cmd!(
            sh,
            "{compiler} -std=c++11 -O2 -ffp-contract=off -pie -fPIC -o {program} {sources...}"
        ))?;
        Ok(program)
    }
}

//! Optional libraries of an SDK. Each replaces functions of OpenCV's libraries or the C++ runtime that a program may
//! never use: a linker takes the first definition, and the program contains neither the others nor what only they need.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;

use crate::context::BuildContext;
use support::run::{Shell, cmd};

struct LinkStub {
    library: &'static str,
    /// What a program that links it lacks.
    effect: &'static str,
    source: &'static str,
}

const LINK_STUBS: [LinkStub; 2] = [
    LinkStub {
        library: "opencv_no_demangling",
        effect: "the message about an uncaught exception has the mangled name of its type; 170 KB",
        source: include_str!("../data/link-stubs/no_demangling.c"),
    },
    LinkStub {
        library: "opencv_no_gzip",
        effect: "cv::FileStorage opens no compressed files",
        source: include_str!("../data/link-stubs/no_gzip.c"),
    },
];

/// Compiles the libraries into `folder`, and returns the effect of each.
pub(crate) fn compile(context: &BuildContext, folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut effects = BTreeMap::new();
    for stub in LINK_STUBS {
        let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
        // The object file contains the path with which the compiler was called.
        let sh = Shell::new()?;
        sh.change_dir(scratch.path());
        let (source, object) = (format!("{}.c", stub.library), format!("{}.o", stub.library));
        fs::write(scratch.path().join(&source), stub.source)?;
        let (compiler, archiver) = (context.compiler.cc(), context.compiler.scripts_dir.join("ar"));
        let library = std::path::absolute(folder.join(format!("lib{}.a", stub.library)))?;
        let compiled = || {
            context.run(cmd!(sh, "{compiler} -std=c99 -O2 -fPIC -c {source} -o {object}"))?;
            context.run(cmd!(sh, "{archiver} rcsD {library} {object}"))
        };
        compiled().with_context(|| format!("failed to compile `{}`", stub.library))?;
        effects.insert(stub.library.to_owned(), stub.effect.to_owned());
    }
    Ok(effects)
}

//! Links a small program against an SDK and, if it can run on the host, runs it.

use std::path::Path;

use anyhow::{Context, Result};

use crate::catalog::Catalog;
use crate::context::BuildContext;
use crate::manifest::Link;
use crate::recipe::Recipe;
use support::progress::ProgressStep;
use support::run::{Shell, cmd};

const PROGRAM: &str = include_str!("../data/probe.cpp");

/// Fails if a program cannot be linked against the SDK in `sdk` according to `link`, or does not work.
pub(crate) fn check(sdk: &Path, link: &Link, context: &BuildContext) -> Result<()> {
    let _step = ProgressStep::start("linking a program against the SDK");
    link_and_run(sdk, link, context)
        .with_context(|| format!("failed to link a program against `{}`", sdk.display()))
        .context("the new SDK is unusable and was discarded")
}

fn link_and_run(sdk: &Path, link: &Link, context: &BuildContext) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let [source, object, program] = ["probe.cpp", "probe.o", "probe"].map(|name| folder.path().join(name));
    fs_err::write(&source, PROGRAM)?;
    let (sh, recipe, compiler) = (Shell::new()?, context.recipe, context.compiler.cxx());
    let standard = recipe.cxx_standard.to_string();
    context.run(cmd!(
        sh,
        "{compiler} -std=c++{standard} -O1 -fPIC -I {sdk}/include/opencv4 -c {source} -o {object}"
    ))?;
    let names = |names: &[String]| names.iter().map(|n| format!("-l{n}")).collect::<Vec<_>>();
    let (libraries, system) = (names(&link.libraries), names(&link.system));
    // Link all objects of each library, not only those that the program needs, to find every undefined symbol.
    context.run(cmd!(
        sh,
        "{compiler} -pie -o {program} {object} -L {sdk}/lib -Wl,--whole-archive {libraries...}
         -Wl,--no-whole-archive {system...}"
    ))?;
    if !recipe.target.runs_on_host() {
        return Ok(());
    }
    let formats = formats(recipe);
    context.run(cmd!(sh, "{program} {sdk}/share {formats...}"))
}

/// Pairs of a file extension and what the program tests with it.
fn formats(recipe: &Recipe) -> Vec<String> {
    let catalog = Catalog::embedded();
    let codecs = recipe.codecs.iter().filter(|_| recipe.has_module("imgcodecs"));
    let pairs = codecs.filter_map(|name| {
        let [extension, precision] = catalog.codecs.get(name)?.round_trip.clone()?;
        let without_encoder = recipe.decode_only.contains(name);
        Some([
            extension,
            if without_encoder {
                "decode-only".to_owned()
            } else {
                precision
            },
        ])
    });
    pairs.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_without_encoder_are_not_encoded() {
        let mut recipe = crate::recipe::tests::recipe();
        recipe.decode_only.insert("png".to_owned());
        let expected = [".jpg", "lossy", ".png", "decode-only", ".webp", "lossy"];
        assert_eq!(formats(&recipe), expected);
        recipe.modules.retain(|module| module != "imgcodecs");
        assert!(formats(&recipe).is_empty());
    }
}

//! Ablation: the cost of single features, as the difference in size to SDKs without one image format or one dispatched
//! instruction set, and to the function linked with them.

use anyhow::{Context, Result};
use opencv_build::{BuildPaths, Recipe, Sdk, build as build_opencv, find_cached};
use support::fingerprint::Fingerprint;
use support::progress::print_status;

use super::comparison::{ComparisonContext, LinkedSizes};
use super::report::Ablation;

const FILE: &str = "ablation.json";
const GROUP: &str = "without";

struct Feature {
    name: String,
    recipe: Recipe,
}

fn features(recipe: &Recipe) -> Vec<Feature> {
    let codecs = recipe.codecs.iter().map(|codec| {
        let mut recipe = recipe.clone();
        recipe.codecs.remove(codec);
        let name = format!("codec {codec}");
        Feature { name, recipe }
    });
    let sets = recipe.cpu.dispatch.iter().map(|set| {
        let mut recipe = recipe.clone();
        recipe.cpu.dispatch.retain(|known| known != set);
        let name = format!("dispatch {set}");
        Feature { name, recipe }
    });
    codecs.chain(sets).collect()
}

impl Feature {
    fn folder(&self) -> String {
        self.name.replace(' ', "-")
    }

    fn paths(&self, paths: &BuildPaths) -> BuildPaths {
        paths.variant(GROUP, &self.folder())
    }

    fn find_cached(&self, paths: &BuildPaths) -> Result<Option<Sdk>> {
        Ok(find_cached(&self.recipe, &self.paths(paths))?)
    }
}

/// Builds the missing SDKs without one feature. Each takes as long as the SDK itself.
pub fn build_variants(context: &ComparisonContext) -> Result<()> {
    let (paths, launcher) = (&context.build.paths, &context.build.launcher);
    for feature in features(&context.build.recipe) {
        if feature.find_cached(paths)?.is_none() {
            print_status(&format!("building OpenCV without {}", feature.name));
            build_opencv(&feature.recipe, &feature.paths(paths), launcher)
                .with_context(|| format!("failed to build OpenCV without {}", feature.name))?;
        }
    }
    Ok(())
}

/// The cost of each feature; empty unless all SDKs without a feature were built.
pub fn measure(context: &ComparisonContext) -> Result<Vec<Ablation>> {
    let mut built = Vec::new();
    let mut missing = Vec::new();
    for feature in features(&context.build.recipe) {
        match feature.find_cached(&context.build.paths)? {
            Some(sdk) => built.push((feature, sdk)),
            None => missing.push(feature.name),
        }
    }
    if !missing.is_empty() {
        if context.has_result(FILE) || !built.is_empty() {
            print_status(&format!(
                "the costs of features are not shown: this recipe was not built without {}; \
                 `cargo xtask size --ablate` builds what is missing",
                missing.join(", ")
            ));
        }
        return Ok(Vec::new());
    }
    let compare = || {
        let with = context.link_with_sdk("ours", context.sdk)?;
        let ablations = built.iter().map(|(feature, sdk)| {
            let without = context.link_with_sdk(&feature.folder(), sdk)?;
            Ok(cost(&feature.name, (context.sdk, &with), (sdk, &without)))
        });
        ablations.collect()
    };
    context.cached_or(FILE, fingerprint(context.sdk, &built), compare)
}

fn fingerprint(sdk: &Sdk, built: &[(Feature, Sdk)]) -> Fingerprint {
    let of = |name: &str, sdk: &Sdk| (name.to_owned(), sdk.manifest().fingerprint.to_string());
    let mut all = vec![of("ours", sdk)];
    all.extend(built.iter().map(|(feature, sdk)| of(&feature.name, sdk)));
    let all = all.iter();
    Fingerprint::of(all.map(|(name, fingerprint)| (name.as_str(), fingerprint.as_bytes())))
}

fn cost(feature: &str, with: (&Sdk, &LinkedSizes), without: (&Sdk, &LinkedSizes)) -> Ablation {
    let libraries = |sdk: &Sdk| {
        let libraries = sdk.manifest().libraries.iter();
        libraries.map(|library| library.bytes).sum::<u64>()
    };
    let difference = |with: u64, without: u64| with.cast_signed() - without.cast_signed();
    Ablation {
        feature: feature.to_owned(),
        library_bytes: difference(libraries(with.0), libraries(without.0)),
        bootstrap_bytes: difference(with.1.bytes, without.1.bytes),
        compressed_bytes: difference(with.1.compressed_bytes, without.1.compressed_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::{recipe, sdk};

    #[test]
    fn each_codec_and_dispatch_set_is_a_feature() {
        let recipe = recipe();
        let features = features(&recipe);
        let names: Vec<_> = features.iter().map(|feature| feature.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "codec jpeg",
                "codec png",
                "codec webp",
                "dispatch AVX2",
                "dispatch AVX512_SKX"
            ]
        );
        let png = &features[1].recipe;
        assert_eq!(Vec::from_iter(&png.codecs), ["jpeg", "webp"]);
        assert_eq!((&png.cpu, &png.modules), (&recipe.cpu, &recipe.modules));
        let avx2 = &features[3].recipe;
        assert_eq!(avx2.cpu.dispatch, ["AVX512_SKX"]);
        assert_eq!(
            (&avx2.codecs, &avx2.cpu.baseline),
            (&recipe.codecs, &recipe.cpu.baseline)
        );
        assert_eq!(features[3].folder(), "dispatch-AVX2");
    }

    #[test]
    fn cost_is_size_with_minus_size_without() {
        let folder = tempfile::tempdir().unwrap();
        let with = sdk(&folder.path().join("a"), &[("opencv_core", 50), ("png", 20)]);
        let without = sdk(&folder.path().join("b"), &[("opencv_core", 51)]);
        let linked = |bytes, compressed_bytes| LinkedSizes {
            bytes,
            compressed_bytes,
            ..LinkedSizes::default()
        };
        let found = cost("codec png", (&with, &linked(100, 40)), (&without, &linked(90, 41)));
        assert_eq!(
            (found.library_bytes, found.bootstrap_bytes, found.compressed_bytes),
            (19, 10, -1)
        );
    }
}

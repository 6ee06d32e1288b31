//! An SDK is stale exactly when one of its inputs has changed: `code` tests code and data files, the rest is tested
//! by values.

use fs_err as fs;

use super::*;
use crate::recipe::tests::recipe;
use crate::source_tree;

mod code;

struct Inputs {
    recipe: Recipe,
    pins: Pins,
    simd_assembler: SimdAssembler,
}

/// Whether `change` to the inputs makes an SDK stale.
fn is_stale_after(change: impl FnOnce(&mut Inputs)) -> bool {
    recipe_is_stale_after(recipe(), change)
}

fn recipe_is_stale_after(recipe: Recipe, change: impl FnOnce(&mut Inputs)) -> bool {
    let of = |inputs: &Inputs| {
        let Inputs {
            recipe,
            pins,
            simd_assembler,
        } = inputs;
        let source = source_tree::plan::fingerprint(recipe, pins, &Trim::for_recipe(recipe)).unwrap();
        fingerprint(recipe, pins, &source, simd_assembler).unwrap()
    };
    let mut inputs = Inputs {
        recipe,
        pins: Pins::embedded().clone(),
        simd_assembler: SimdAssembler::Neon,
    };
    let before = of(&inputs);
    change(&mut inputs);
    of(&inputs) != before
}

#[test]
fn only_used_pins_change_the_fingerprint() {
    assert!(is_stale_after(|inputs| inputs.pins.wheel[0].version.push('1')));
    assert!(is_stale_after(|inputs| inputs.pins.third_party[0].sha256.push('1')));
    let used = |pins: &mut Pins| {
        let version = recipe().version;
        let mut sources = pins.source.iter_mut();
        let source = sources.find(|source| source.version == version).unwrap();
        source.origin[0].root.push('1');
    };
    assert!(is_stale_after(|inputs| used(&mut inputs.pins)));
    let other = |pins: &mut Pins| {
        let mut source = Pins::embedded().source[0].clone();
        source.version = "4.5.4".to_owned();
        pins.source.push(source);
    };
    assert!(!is_stale_after(|inputs| other(&mut inputs.pins)));
    let weights = |inputs: &mut Inputs| inputs.pins.face_model.wheel.version.push('1');
    assert!(is_stale_after(weights));
    let mut without_detector = recipe();
    without_detector.modules.retain(|module| module != "objdetect");
    assert!(!recipe_is_stale_after(without_detector, weights));
    // The assembler in use counts, not the one that would be downloaded.
    assert!(!is_stale_after(|inputs| inputs.pins.assembler.version.push('1')));
    let nasm = |path: &str| SimdAssembler::Nasm {
        path: path.into(),
        version: "2.16".to_owned(),
    };
    assert!(is_stale_after(|inputs| inputs.simd_assembler = nasm("nasm")));
    assert_eq!(nasm("a").cache_key(), nasm("b").cache_key());
}

#[test]
fn recipe_choices_change_the_fingerprint() {
    assert!(is_stale_after(|inputs| inputs.recipe.instrumented = true));
    assert!(is_stale_after(|inputs| inputs.recipe.cpu.dispatch.clear()));
    assert!(is_stale_after(|inputs| {
        inputs.recipe.codecs.remove("png");
    }));
}

#[test]
fn patches_and_overlay_files_change_the_tree_fingerprint() {
    let (recipe, pins) = (recipe(), Pins::embedded());
    let of = |trim: &Trim| source_tree::plan::fingerprint(&recipe, pins, trim).unwrap();
    let before = of(&Trim::for_recipe(&recipe));
    assert_eq!(of(&Trim::for_recipe(&recipe)), before);
    let mut changed = 0;
    for (path, _) in crate::overlay::FILES {
        let mut trim = Trim::for_recipe(&recipe);
        for texts in [&mut trim.added, &mut trim.replaced] {
            if let Some(text) = texts.get_mut(*path) {
                *text = "other";
                changed += 1;
            }
        }
        assert_ne!(of(&trim), before, "{path}");
    }
    assert_eq!(changed, crate::overlay::FILES.len());

    let mut trim = Trim::for_recipe(&recipe);
    trim.removed.pop_last();
    assert_ne!(of(&trim), before);
    let mut trim = Trim::for_recipe(&recipe);
    trim.edits.pop_last();
    assert_ne!(of(&trim), before);
    let upstream = |third_party: &str| {
        let mut pins = Pins::embedded().clone();
        pins.third_party[0].sha256 = third_party.to_owned();
        source_tree::plan::fingerprint(&recipe, &pins, &Trim::upstream()).unwrap()
    };
    // The upstream tree has no files of the newer one.
    assert_eq!(upstream("1"), upstream("2"));
}

#[test]
fn source_folder_is_fingerprinted_by_included_content() {
    let place = tempfile::tempdir().unwrap();
    let folder = |name: &str, file: &str, text: &str| {
        let path = place.path().join(name);
        fs::create_dir_all(path.join("modules/core/src")).unwrap();
        fs::create_dir_all(path.join("modules/core/test")).unwrap();
        fs::write(path.join("CMakeLists.txt"), "project(OpenCV)\n").unwrap();
        fs::write(path.join(file), text).unwrap();
        let recipe = Recipe {
            source: Some(crate::recipe::LocalSource { path, sha256: None }),
            ..recipe()
        };
        let (pins, trim) = (Pins::embedded(), Trim::for_recipe(&recipe));
        let source = source_tree::plan::fingerprint(&recipe, pins, &trim).unwrap();
        fingerprint(&recipe, pins, &source, &SimdAssembler::Neon).unwrap()
    };
    let first = folder("a", "modules/core/src/a.cpp", "int a;\n");
    assert_eq!(folder("b", "modules/core/src/a.cpp", "int a;\n"), first);
    assert_eq!(folder("b", "modules/core/test/a.cpp", "int t;\n"), first);
    assert_ne!(folder("b", "modules/core/src/a.cpp", "int b;\n"), first);
}

//! That an SDK is stale when something that makes it has changed, and only then: `code` tests that of code and
//! data, the rest is tested by values.

use fs_err as fs;

use super::*;
use crate::recipe::tests::recipe;
use crate::tree;

mod code;

/// All that a fingerprint is made of.
struct Inputs {
    recipe: Recipe,
    pins: Pins,
    kernels: Kernels,
}

/// Whether an SDK is stale when `change` has changed what it was made of.
fn is_stale_after(change: impl FnOnce(&mut Inputs)) -> bool {
    let of = |inputs: &Inputs| {
        let Inputs {
            recipe,
            pins,
            kernels,
        } = inputs;
        let source = tree::plan::fingerprint(recipe, pins, &Trim::of(recipe)).unwrap();
        fingerprint(recipe, pins, &source, kernels).unwrap()
    };
    let mut inputs = Inputs {
        recipe: recipe(),
        pins: Pins::embedded().clone(),
        kernels: Kernels::Neon,
    };
    let before = of(&inputs);
    change(&mut inputs);
    of(&inputs) != before
}

#[test]
fn what_is_used_of_the_pins_makes_an_sdk_stale_and_nothing_else() {
    assert!(is_stale_after(|inputs| inputs.pins.wheel[0]
        .version
        .push('1')));
    assert!(is_stale_after(|inputs| inputs.pins.third_party[0]
        .sha256
        .push('1')));
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
    // Which assembler there is counts, and not which one would be brought.
    assert!(!is_stale_after(|inputs| inputs
        .pins
        .assembler
        .version
        .push('1')));
    let nasm = |path: &str| Kernels::Assembled {
        nasm: path.into(),
        version: "2.16".to_owned(),
    };
    assert!(is_stale_after(|inputs| inputs.kernels = nasm("nasm")));
    assert_eq!(nasm("a").identity(), nasm("b").identity());
}

#[test]
fn every_choice_of_the_recipe_makes_an_sdk_stale_but_not_where_the_source_lies() {
    assert!(is_stale_after(|inputs| inputs.recipe.instrumented = true));
    assert!(is_stale_after(|inputs| inputs.recipe.cpu.dispatch.clear()));
    assert!(is_stale_after(|inputs| {
        inputs.recipe.codecs.remove("png");
    }));
}

#[test]
fn cuts_and_overlay_files_make_a_tree_stale_where_the_recipe_uses_them() {
    let (recipe, pins) = (recipe(), Pins::embedded());
    let of = |trim: &Trim| tree::plan::fingerprint(&recipe, pins, trim).unwrap();
    let before = of(&Trim::of(&recipe));
    assert_eq!(of(&Trim::of(&recipe)), before);
    let mut changed = 0;
    for (path, _) in crate::overlay::FILES {
        let mut trim = Trim::of(&recipe);
        for texts in [&mut trim.added, &mut trim.replaced] {
            if let Some(text) = texts.get_mut(*path) {
                *text = "other";
                changed += 1;
            }
        }
        assert_ne!(of(&trim), before, "{path}");
    }
    assert_eq!(changed, crate::overlay::FILES.len());

    let mut trim = Trim::of(&recipe);
    trim.removed.pop_last();
    assert_ne!(of(&trim), before);
    let mut trim = Trim::of(&recipe);
    trim.edits.pop_last();
    assert_ne!(of(&trim), before);
    let stock = |third_party: &str| {
        let mut pins = Pins::embedded().clone();
        pins.third_party[0].sha256 = third_party.to_owned();
        tree::plan::fingerprint(&recipe, &pins, &Trim::stock()).unwrap()
    };
    // The stock tree takes nothing of the newer one.
    assert_eq!(stock("1"), stock("2"));
}

#[test]
fn a_folder_is_known_by_what_is_taken_of_it_and_not_by_where_it_lies() {
    let place = tempfile::tempdir().unwrap();
    let folder = |name: &str, file: &str, text: &str| {
        let path = place.path().join(name);
        fs::create_dir_all(path.join("modules/core/src")).unwrap();
        fs::create_dir_all(path.join("modules/core/test")).unwrap();
        fs::write(path.join("CMakeLists.txt"), "project(OpenCV)\n").unwrap();
        fs::write(path.join(file), text).unwrap();
        let recipe = Recipe {
            source: Some(crate::recipe::NamedSource { path, sha256: None }),
            ..recipe()
        };
        let (pins, trim) = (Pins::embedded(), Trim::of(&recipe));
        let source = tree::plan::fingerprint(&recipe, pins, &trim).unwrap();
        fingerprint(&recipe, pins, &source, &Kernels::Neon).unwrap()
    };
    let first = folder("a", "modules/core/src/a.cpp", "int a;\n");
    assert_eq!(folder("b", "modules/core/src/a.cpp", "int a;\n"), first);
    assert_eq!(folder("b", "modules/core/test/a.cpp", "int t;\n"), first);
    assert_ne!(folder("b", "modules/core/src/a.cpp", "int b;\n"), first);
}

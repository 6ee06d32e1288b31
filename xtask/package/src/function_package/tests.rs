use super::*;

const MAIN: &str = "fn main() {}\n";

/// A workspace with files, each a path and its text.
fn workspace(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn at(folder: &tempfile::TempDir, manifest: &str) -> Result<FunctionPackage> {
    let arguments = PackageArguments {
        manifest_path: Some(folder.path().join(manifest)),
        package: None,
    };
    FunctionPackage::find(&Workspace::find(), &arguments)
}

fn error(folder: &tempfile::TempDir, manifest: &str) -> String {
    format!("{:#}", at(folder, manifest).unwrap_err())
}

fn manifest(more: &str) -> String {
    format!("[package]\nname = 'photo-size'\nversion = '1.2.3'\nedition = '2024'\n{more}")
}

#[test]
fn a_package_of_another_workspace_has_defaults() {
    let text = manifest("description = 'Sizes'\nlicense = 'MIT'\n[workspace]\n");
    let folder = workspace(&[("Cargo.toml", &text), ("src/main.rs", MAIN)]);
    let package = at(&folder, "Cargo.toml").unwrap();
    assert_eq!(package, at(&folder, "").unwrap());
    assert_eq!(
        (package.name.as_str(), package.binary.as_str()),
        ("photo-size", "photo-size")
    );
    assert_eq!((package.version.as_str(), package.license.as_str()), ("1.2.3", "MIT"));
    assert_eq!(package.description, "Sizes");
    assert!(!package.is_default);
    assert_eq!(package.recipe, Workspace::find().root().join(RECIPE_FILE));
    assert!(is_same_file(package.workspace.root(), folder.path()));
    assert_eq!(package.folder_in("/a".into()), Path::new("/a/photo-size"));
    let error = package.sample_photo().unwrap_err().to_string();
    assert!(error.contains("has a photo; add one"), "{error}");
}

#[test]
fn options_are_quoted_for_a_shell() {
    let folder = workspace(&[
        ("my size/Cargo.toml", &manifest("[workspace]\n")),
        ("my size/src/main.rs", MAIN),
    ]);
    let options = at(&folder, "my size").unwrap().options(&Workspace::find());
    let path = options.strip_prefix(" --manifest-path '").unwrap();
    assert!(path.ends_with("/my size/Cargo.toml'"), "{options}");
}

#[test]
fn the_recipe_beside_the_manifest_is_used_unless_another_is_named() {
    let named = manifest("[workspace]\n[package.metadata.lambda]\nrecipe = 'small.toml'\n");
    let files = [
        ("Cargo.toml", named.as_str()),
        ("src/main.rs", MAIN),
        ("opencv.toml", ""),
    ];
    let folder = workspace(&files);
    assert!(
        error(&folder, "Cargo.toml").contains("`recipe` names `"),
        "{}",
        error(&folder, "Cargo.toml")
    );
    fs::write(folder.path().join("small.toml"), "").unwrap();
    assert!(at(&folder, "Cargo.toml").unwrap().recipe.ends_with("small.toml"));
    fs::write(folder.path().join("Cargo.toml"), manifest("[workspace]\n")).unwrap();
    assert!(at(&folder, "Cargo.toml").unwrap().recipe.ends_with("opencv.toml"));
}

#[test]
fn ambiguous_and_missing_programs_are_listed() {
    let folder = workspace(&[
        ("Cargo.toml", &manifest("[workspace]\n")),
        ("src/bin/one.rs", MAIN),
        ("src/bin/two.rs", MAIN),
    ]);
    let text = error(&folder, "Cargo.toml");
    assert!(
        text.contains("several programs: `one`, `two`; set the key `binary`"),
        "{text}"
    );
    let set = |more: &str| fs::write(folder.path().join("Cargo.toml"), manifest(more)).unwrap();
    set("[workspace]\n[package.metadata.lambda]\nbinary = 'three'\n");
    let text = error(&folder, "Cargo.toml");
    assert!(
        text.contains("`binary` names `three`; the package's programs are: `one`, `two`"),
        "{text}"
    );
    set("[workspace]\n[package.metadata.lambda]\nbinary = 'two'\n");
    assert_eq!(at(&folder, "Cargo.toml").unwrap().binary, "two");
    set("[workspace]\n[package.metadata.lambda]\nbinary = 'two'\nfeatures = ['none']\n");
    assert!(error(&folder, "Cargo.toml").contains("`features` has `none`"));
    fs::write(folder.path().join("src/bin/bootstrap.rs"), MAIN).unwrap();
    set("[workspace]\n");
    assert_eq!(at(&folder, "Cargo.toml").unwrap().binary, "bootstrap");
    fs::remove_dir_all(folder.path().join("src")).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "").unwrap();
    assert!(
        error(&folder, "Cargo.toml").contains("has no program"),
        "{}",
        error(&folder, "Cargo.toml")
    );
}

#[test]
fn two_functions_of_a_workspace_have_different_names() {
    let member = |name: &str| {
        format!("[package]\nname = '{name}'\nversion = '1.0.0'\n[package.metadata.lambda]\nname = 'same'\n")
    };
    let folder = workspace(&[
        ("Cargo.toml", "[workspace]\nmembers = ['a', 'b']\nresolver = '3'\n"),
        ("a/Cargo.toml", &member("a")),
        ("a/src/main.rs", MAIN),
        ("b/Cargo.toml", &member("b")),
        ("b/src/main.rs", MAIN),
    ]);
    let text = error(&folder, "a/Cargo.toml");
    assert!(text.contains("the package `b` also has the name `same`"), "{text}");
    let text = error(&folder, "Cargo.toml");
    assert!(
        text.contains("without a package of its own; name one of its packages: "),
        "{text}"
    );
    assert!(error(&folder, "c/Cargo.toml").contains("there is no manifest"));
}

#[test]
fn packages_of_the_project_are_found_by_name_and_by_manifest() {
    let project = Workspace::find();
    let find = |arguments: &PackageArguments| FunctionPackage::find(&project, arguments);
    let default = find(&PackageArguments::default()).unwrap();
    assert!(default.is_default && default.workspace == project);
    let by_manifest = PackageArguments {
        manifest_path: Some(default.manifest.clone()),
        package: None,
    };
    assert_eq!(find(&by_manifest).unwrap(), default);
    let by_name = |name: &str| PackageArguments {
        package: Some(name.to_owned()),
        manifest_path: None,
    };
    assert_eq!(find(&by_name(&default.package)).unwrap(), default);
    let error = find(&by_name("no-such")).unwrap_err().to_string();
    assert!(error.contains("there is no package `no-such`"), "{error}");
    assert!(error.contains(&format!("`{}`", default.package)), "{error}");
}

#[test]
fn a_folder_of_the_project_with_a_workspace_of_its_own_is_found_by_name() {
    let folder = workspace(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = ['a']\nresolver = '3'\n[workspace.metadata.lambda]\ndefault-function = 'a'\n",
        ),
        ("a/Cargo.toml", "[package]\nname = 'a'\nversion = '1.0.0'\n"),
        ("a/src/main.rs", MAIN),
        ("photo-size/Cargo.toml", &manifest("[workspace]\n")),
        ("photo-size/src/main.rs", MAIN),
        ("opencv.toml", ""),
    ]);
    let find = |name: &str| {
        let arguments = PackageArguments {
            package: Some(name.to_owned()),
            manifest_path: None,
        };
        FunctionPackage::find(&Workspace::at(folder.path()), &arguments)
    };
    let package = find("photo-size").unwrap();
    assert_eq!(
        (package.package.as_str(), package.version.as_str()),
        ("photo-size", "1.2.3")
    );
    assert!(is_same_file(
        package.workspace.root(),
        &folder.path().join("photo-size")
    ));
    for name in ["none", "../photo-size", "a/../photo-size", ""] {
        let error = find(name).unwrap_err().to_string();
        assert!(error.contains("there is no package"), "{name}: {error}");
    }
}

use clap::ValueEnum;

use super::*;

fn arguments(template: Template) -> Arguments {
    Arguments {
        name: "my-scan".to_owned(),
        template,
        path: None,
    }
}

fn error(folder: &Path) -> String {
    let created = create(&Workspace::find(), &arguments(Template::Minimal), folder);
    format!("{:#}", created.err().unwrap())
}

#[test]
fn names_are_those_of_folders_and_of_the_command_line() {
    let templates = Workspace::find().root().join(TEMPLATES);
    let folders = support::files::sorted_entries(&templates).unwrap();
    let folders = folders.iter().filter(|path| path.is_dir()).count();
    assert_eq!(folders, Template::value_variants().len());
    for template in Template::value_variants() {
        assert_eq!(template.to_possible_value().unwrap().get_name(), template.name());
        assert!(templates.join(template.name()).is_dir());
    }
}

#[test]
fn templates_are_complete_and_short() {
    let project = Workspace::find();
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(project.root(), folder.path(), (&folder.path().join("a b"), "my-scan")).unwrap();
    let placeholders = Placeholders::new(project.root(), "my-scan", &place, &place.project).unwrap();
    let common = project.root().join(TEMPLATES).join(COMMON_README);
    for template in Template::value_variants() {
        let name = template.name();
        let from = project.root().join(TEMPLATES).join(name);
        let to = folder.path().join(name);
        write_files(project.root(), *template, &to).unwrap();
        let files = all_files(&to).unwrap();
        let sources = files
            .iter()
            .filter(|file| file.extension().is_some_and(|it| it == "rs"));
        let lines: usize = sources
            .map(|file| fs::read_to_string(file).unwrap().lines().count())
            .sum();
        assert!((20..200).contains(&lines), "{name} has {lines} lines");
        for file in [
            "src/tests.rs",
            "samples/event.json",
            "samples/answer.json",
            RECIPE_FILE,
            ".gitignore",
        ] {
            assert!(to.join(file).is_file(), "{name} lacks {file}");
        }
        for file in [from.join(README), from.join(MANIFEST_TEMPLATE), common.clone()] {
            let filled = placeholders.fill(&fs::read_to_string(&file).unwrap());
            assert!(!filled.contains("{{"), "{}: {filled}", file.display());
        }
        let manifest = placeholders.fill(&fs::read_to_string(from.join(MANIFEST_TEMPLATE)).unwrap());
        let manifest: toml::Table = manifest.parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("my-scan"));
    }
}

#[test]
fn crates_in_the_project_have_relative_paths_and_others_absolute_ones() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("the project");
    fs::create_dir_all(root.join("functions")).unwrap();
    let place = |existing: &str, path: &str| {
        let existing = folder.path().join(existing);
        Place::new(&root, &existing, (&folder.path().join(path), "scan")).unwrap()
    };
    let inside = place("the project", "the project/scan");
    assert_eq!(
        (inside.project.as_str(), inside.options.as_str()),
        ("..", "--package scan")
    );
    assert_eq!(inside.manifest, "scan/Cargo.toml");
    let deeper = place("the project/functions", "the project/functions/new/a b");
    let expected = ("../../..", "--manifest-path 'functions/new/a b'");
    assert_eq!((deeper.project.as_str(), deeper.options.as_str()), expected);
    let renamed = place("the project", "the project/local");
    assert_eq!(renamed.options, "--manifest-path local");
    let nested = place("the project/functions", "the project/functions/scan");
    assert_eq!(nested.options, "--manifest-path functions/scan");
    let outside = place("", "scan");
    let real = fs::canonicalize(&root).unwrap();
    assert_eq!(outside.project, real.to_str().unwrap());
    assert!(outside.manifest.ends_with("/scan/Cargo.toml"), "{}", outside.manifest);
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "").unwrap();
    assert!(error(&at("file")).contains("is not a folder"), "{}", error(&at("file")));
    fs_err::os::unix::fs::symlink("nowhere", at("link")).unwrap();
    assert!(error(&at("link")).contains("is not a folder"));
    assert!(
        error(&at("file/below")).contains("failed to make the crate"),
        "{}",
        error(&at("file/below"))
    );
    fs::create_dir(at("used")).unwrap();
    fs::write(at("used/notes"), "").unwrap();
    assert!(error(&at("used")).contains("the folder is not empty; choose another"));
    let left = support::files::sorted_entries(folder.path()).unwrap();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn paths_do_not_leave_folders_that_do_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["new/../scan", "new/a/../../scan", "new/.."] {
        let error = error(&folder.path().join(path));
        assert!(error.contains("write the path without `..`"), "{path}: {error}");
    }
    let left = support::files::sorted_entries(folder.path()).unwrap();
    assert!(left.is_empty(), "{left:?}");
    let existing = folder.path().join("a/..");
    fs::create_dir(folder.path().join("a")).unwrap();
    let project = Workspace::find();
    Place::new(project.root(), &existing, (&existing.join("scan"), "scan")).unwrap();
}

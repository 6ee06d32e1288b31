use super::*;

fn parse(table: &str) -> Result<Metadata> {
    let text = format!("[package]\nname = \"x\"\n[package.metadata.other]\na = 1\n[package.metadata.lambda]\n{table}");
    Metadata::parse(Path::new("x/Cargo.toml"), &text)
}

fn error(table: &str) -> String {
    format!("{:#}", parse(table).unwrap_err())
}

#[test]
fn every_key_is_optional_and_read() {
    assert_eq!(parse("").unwrap(), Metadata::default());
    let found = parse(
        "name = 'photo-size'\ndescription = 'Says how large a photo is'\nrecipe = 'small.toml'\nbinary = 'size'\n\
         features = ['opencv']\nassets = ['models/a.onnx', 'data/', 'bin/bootstrap']\nenvironment = { LOG_LEVEL = 'info' }\nmemory = 512\n\
         timeout = 30\nunlinked-libraries = ['png']\npython-reference = true\n\
         photo = { event = { key = '{photo}' }, object = 'in/{photo}', result = 'out/a/{photo}', \
         expected-at = '/body' }\n\
         samples = [{ event = 'a.json', objects = { 'in/x' = 'x.jpg' }, expected = 'b.json' }, { http = 'x.jpg' }]\n",
    )
    .unwrap();
    assert_eq!(found.name.as_deref(), Some("photo-size"));
    assert_eq!((found.memory, found.timeout), (Some(512), Some(30)));
    assert_eq!(found.environment["LOG_LEVEL"], "info");
    assert_eq!(found.samples[0].objects["in/x"], "x.jpg");
    assert_eq!(found.samples[1].http.as_deref(), Some("x.jpg"));
    assert_eq!(found.photo.unwrap().expected_at, "/body");
    assert!(found.python_reference);
}

#[test]
fn errors_name_the_file_the_key_and_what_is_allowed() {
    for (table, expected) in [
        ("picture = 'x'", "unknown field `picture`, expected one of `name`"),
        ("memory = 'much'", "memory = 'much'"),
        ("memory = 64", "`memory` is 64 MB; Lambda allows 128 to 10240"),
        ("timeout = 0", "`timeout` is 0 s; Lambda allows 1 to 900"),
        ("name = 'Photo'", "`Photo` is not the name of an image"),
        ("name = 'a/b'", "`a/b` is not the name of an image"),
        ("name = 'opencv-sdk'", "is the name of the SDK's image"),
        ("description = ' '", "`description` is empty"),
        ("assets = ['../secret']", "`../secret` in `assets` cannot be used"),
        ("assets = ['/etc/passwd']", "without `.`, `..` and `//`"),
        ("assets = ['']", "below the manifest's folder"),
        (
            "assets = ['a//b']",
            "`a//b` in `assets` cannot be used: it must be a path",
        ),
        ("assets = ['a/./b']", "without `.`, `..` and `//`"),
        ("assets = ['./a']", "without `.`, `..` and `//`"),
        (
            "assets = ['a', 'bootstrap']",
            "`bootstrap` in `assets` cannot be used: the function's program",
        ),
        ("assets = ['bootstrap/']", "has the name `bootstrap` in the task root"),
        (
            "environment = { AWS_REGION = 'x' }",
            "`AWS_REGION` in `environment` is set by Lambda",
        ),
        ("environment = { AWS_LAMBDA_X = 'x' }", "is set by Lambda"),
        (
            "environment = { '1A' = 'x' }",
            "`1A` in `environment` is not the name of a variable",
        ),
        (
            "samples = [{}]",
            "sample 1 cannot be used: it has 0 of `event`, `http` and `photo`",
        ),
        (
            "samples = [{ http = 'a' }, { http = 'a', event = 'b' }]",
            "sample 2 cannot be used: it has 2 of",
        ),
        ("samples = [{ photo = 'a.jpg' }]", "needs the key `photo.event`"),
        (
            "samples = [{ event = 'a', objects = { x = 'y' } }]",
            "`x` is not an object in S3",
        ),
        ("photo = { event = {}, result = '/x' }", "`photo.result` cannot be used"),
        (
            "photo = { event = {}, expected-at = 'body' }",
            "`photo.expected-at` is `body`",
        ),
    ] {
        let error = error(table);
        assert!(
            error.starts_with("failed to use `[package.metadata.lambda]` in `x/Cargo.toml`"),
            "{error}"
        );
        assert!(error.contains(expected), "{table}: {error}");
    }
    let long = format!("environment = {{ LONG = '{}' }}", "x".repeat(4096));
    assert!(error(&long).contains("has 4100 bytes, and Lambda allows 4096"));
}

#[test]
fn the_readme_lists_every_key() {
    let readme = include_str!("../../../README.md");
    let error = error("picture = 'x'");
    let (_, keys) = error.split_once("expected one of ").unwrap();
    let keys: Vec<_> = keys.lines().next().unwrap().split(", ").collect();
    assert!(keys.len() > 10, "{keys:?}");
    for key in keys {
        assert!(readme.contains(&format!("\n| {key} |")), "{key}");
    }
}

#[test]
fn names_of_images_are_accepted() {
    for name in ["a", "face-detect", "a_b.c", "x--y", "9"] {
        check_name(name).unwrap();
    }
    for name in ["", "-a", "a.", "a..b", "a b", "ä"] {
        assert!(check_name(name).is_err(), "{name}");
    }
}

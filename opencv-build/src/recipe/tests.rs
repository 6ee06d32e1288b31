use super::*;

const TEXT: &str = include_str!("../../../opencv.toml");

pub(crate) fn recipe() -> Recipe {
    Recipe::parse(TEXT, Path::new("/project"), Some(Architecture::X86_64)).unwrap()
}

fn error_of(text: &str) -> String {
    format!("{:#}", Recipe::parse(text, Path::new("."), None).unwrap_err())
}

#[test]
fn project_recipe_is_valid() {
    let recipe = recipe();
    assert!(recipe.has_module("objdetect"));
    assert_eq!(recipe.target.dir_name(), "x86_64-glibc2.26");
}

#[test]
fn architecture_is_that_of_the_machine_or_named() {
    let parse = |text: &str| Recipe::parse(text, Path::new("."), None).unwrap().target.architecture;
    assert_eq!(Some(parse(TEXT)), Architecture::host());
    let named = TEXT.replace("[target]\n", "[target]\narchitecture = \"arm64\"\n");
    assert_eq!(parse(&named), Architecture::Aarch64);
}

#[test]
fn architecture_can_be_overridden() {
    let recipe = Recipe::parse(TEXT, Path::new("."), Some(Architecture::Aarch64)).unwrap();
    assert_eq!(recipe.cpu.baseline, ["NEON"]);
}

#[test]
fn size_table_does_not_change_the_recipe() {
    let parse = |text: &str| Recipe::parse(text, Path::new("/project"), None).unwrap();
    let (without, _) = TEXT.split_once("[size").unwrap();
    let other = format!("{without}\n[size.budgets]\nbootstrap = {{ compressed = \"1 B\" }}\n");
    let recipe = parse(TEXT);
    assert_eq!(parse(without), recipe);
    assert_eq!(parse(&other), recipe);
    // The fingerprint is computed from this.
    let text = |recipe| serde_json::to_string(&recipe).unwrap();
    assert_eq!(text(parse(&other)), text(recipe));
}

#[test]
fn unknown_names_are_reported() {
    for (from, to, expected) in [
        ("\"imgproc\"", "\"imgpro\"", "did you mean `imgproc`?"),
        ("\"png\"", "\"pgn\"", "unknown codec `pgn`"),
        (
            "version = \"4.5.5\"",
            "version = \"4.6.0\"",
            "no source is pinned for OpenCV 4.6.0",
        ),
        ("cxx_standard = 11", "cxx_standard = 98", "11, 14 or 17"),
        ("glibc = \"2.26\"", "glibc = \"2.5\"", "too old"),
        ("codecs =", "codec =", "unknown field `codec`"),
        ("codecs =", "decode_only = [\"gif\"]\ncodecs =", "unknown codec `gif`"),
        (
            "codecs =",
            "decode_only = [\"png\", \"tiff\"]\ncodecs =",
            "`decode_only` contains `tiff`, which is not in `codecs`",
        ),
        ("[cpu.x86_64]", "[cpu.riscv64]", "unknown variant"),
        ("modules = [", "modules = [ [", "TOML parse error"),
    ] {
        assert!(TEXT.contains(from), "{from}");
        let error = error_of(&TEXT.replace(from, to));
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn recipe_parsed_from_str_resolves_source_against_current_dir() {
    let text = format!("{TEXT}\n[source]\npath = \"opencv\"\n");
    let recipe: Recipe = text.parse().unwrap();
    assert_eq!(recipe.source.unwrap().path, Path::new("opencv"));
    let error = "modules = 1".parse::<Recipe>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Recipe);
}

#[test]
fn unreadable_recipe_is_named_in_the_error() {
    let error = Recipe::read(Path::new("/nowhere/opencv.toml"), None).unwrap_err();
    assert!(format!("{error:#}").contains("`/nowhere/opencv.toml`"));
    assert_eq!(error.kind(), ErrorKind::Recipe);
}

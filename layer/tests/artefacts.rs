//! Writes images, reads them back in every form, unpacks them and puts them on bases, as a user of the crate would.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../src/tests/static_program.rs"]
mod static_program;

use fs_err as fs;
use layer::archive::ArchiveFile;
use layer::elf::{Elf, FunctionBinary};
use layer::lint::{LintOptions, Severity, lint};
use layer::source;
use layer::{
    Architecture, Content, FileTree, GlibcVersion, Image, ImageConfig, Layout, LayoutWriter, Mode, check_base,
    check_scratch, glibc, validate,
};

use static_program::{AARCH64, X86_64, static_program};

fn host() -> Architecture {
    Architecture::host().unwrap()
}

fn tree(files: &[(&str, &str, Mode)]) -> FileTree {
    let mut tree = FileTree::new();
    for (path, text, mode) in files {
        let content = Content::bytes("test", text.as_bytes());
        tree.add(path, content, *mode).unwrap();
    }
    tree
}

fn function() -> FileTree {
    let machine = match host() {
        Architecture::X86_64 => X86_64,
        Architecture::Aarch64 => AARCH64,
    };
    let mut tree = tree(&[("etc/notes", "text", Mode::Data)]);
    let program = Content::bytes("test", &static_program(machine));
    tree.add("var/task/bootstrap", program, Mode::Program).unwrap();
    tree
}

fn write(parent: &Path, name: &str, trees: &[FileTree], base: Option<&Layout>) -> Layout {
    let mut writer = LayoutWriter::new(parent, 0).unwrap();
    if let Some(base) = base {
        writer.set_base(base).unwrap();
    }
    for tree in trees {
        writer.add_layer(tree, name).unwrap();
    }
    let config = ImageConfig {
        entrypoint: vec!["/var/task/bootstrap".into()],
        ..ImageConfig::new(name, host())
    };
    writer.finish(&config, &parent.join(name)).unwrap()
}

#[test]
fn layout_and_archive_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let layout = write(folder.path(), "hello", &[function()], None);
    let archive = folder.path().join("hello.tar");
    layout.write_archive(&archive, "hello:latest").unwrap();
    for path in [layout.path(), &archive] {
        let source = layer::open(path).unwrap();
        assert_eq!(validate(source.as_ref()).mismatches, [""; 0]);
        let index = source::index(source.as_ref()).unwrap();
        let entry = index.select_platform(source.origin(), host()).unwrap();
        let image = Image::read(source.as_ref(), entry).unwrap();
        assert_eq!(image.digest(), layout.image().digest());
        assert_eq!(image.layers(), layout.image().layers());
        assert_eq!(image.name(), "hello");
        assert_eq!(lint(path, &LintOptions::default()).unwrap(), []);
    }
    let again = Layout::open(layout.path(), host()).unwrap();
    assert_eq!(again.image().uncompressed_bytes(), layout.image().uncompressed_bytes());
}

#[test]
fn archive_of_docker_before_25_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let layout = write(folder.path(), "hello", &[function()], None);
    // As `docker save` wrote it before version 25: no index, and uncompressed layers.
    let old = folder.path().join("old");
    fs::create_dir(&old).unwrap();
    let layer = &layout.image().layers()[0];
    let compressed = fs::File::open(layout.source().blob_path(&layer.digest)).unwrap();
    let mut plain = fs::File::create(old.join("layer.tar")).unwrap();
    let mut gzip = flate2::read::GzDecoder::new(compressed);
    std::io::copy(&mut gzip, &mut plain).unwrap();
    fs::write(old.join("config.json"), layout.image().config()).unwrap();
    let manifest = r#"[{"Config":"config.json","RepoTags":null,"Layers":["a/layer.tar"]}]"#;
    fs::write(old.join("manifest.json"), manifest).unwrap();
    let path = folder.path().join("old.tar");
    let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
    for (file, name) in [
        ("layer.tar", "b/layer.tar"),
        ("config.json", "config.json"),
        ("manifest.json", "manifest.json"),
    ] {
        archive.append_path_with_name(old.join(file), name).unwrap();
    }
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    link.set_mode(0o777);
    archive.append_link(&mut link, "a/layer.tar", "../b/layer.tar").unwrap();
    archive.finish().unwrap();

    let source = ArchiveFile::open(&path).unwrap();
    assert_eq!(validate(&source).mismatches, [""; 0]);
    let found = lint(&path, &LintOptions::default()).unwrap();
    assert!(
        found.iter().all(|finding| finding.severity == Severity::Note),
        "{found:?}"
    );
}

#[test]
fn non_image_is_rejected_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| match layer::open(path) {
        Ok(source) => panic!("{} was opened", source.origin()),
        Err(error) => error.to_string(),
    };
    let empty = refused(folder.path());
    assert!(empty.contains("has no file `oci-layout`"), "{empty}");
    let text = folder.path().join("text");
    for (content, what) in [
        ("hello ".repeat(200).as_bytes(), "a text file"),
        (b"\x7fELF\x02\x01", "an ELF program"),
        (b"#!/bin/sh\n", "a script"),
        (b"", "an empty file"),
        (&[1; 600], "a file of an unknown format"),
    ] {
        fs::write(&text, content).unwrap();
        let reason = refused(&text);
        assert!(
            reason.contains(&format!("neither a tar nor a zip archive, but {what};")),
            "{reason}"
        );
    }
    let pipe = refused(Path::new("/dev/null"));
    assert!(pipe.contains("not a regular file"), "{pipe}");
    fs::write(&text, "hello").unwrap();
    let other = folder.path().join("other.tar");
    let mut archive = tar::Builder::new(fs::File::create(&other).unwrap());
    archive.append_path_with_name(&text, "text").unwrap();
    archive.finish().unwrap();
    assert!(refused(&other).contains("no manifest.json"));
    let nowhere = folder.path().join("nowhere");
    assert!(refused(&nowhere).contains("nowhere"));
}

#[test]
fn unpack_applies_layers_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let below = tree(&[("a/one", "1", Mode::Data), ("a/two", "2", Mode::Data)]);
    let base = write(folder.path(), "base", &[below], None);
    let above = tree(&[("a/two", "two", Mode::Program)]);
    let layout = write(folder.path(), "above", &[above], Some(&base));
    assert_eq!(layout.image().layers()[0], base.image().layers()[0]);
    let root = folder.path().join("root");
    layout.unpack(&root).unwrap();
    assert_eq!(fs::read_to_string(root.join("a/one")).unwrap(), "1");
    assert_eq!(fs::read_to_string(root.join("a/two")).unwrap(), "two");
}

fn compile(folder: &Path, name: &str, source: &str, arguments: &[&str]) -> PathBuf {
    let (file, output) = (folder.join("source.c"), folder.join(name));
    fs::write(&file, source).unwrap();
    let mut compiler = Command::new("cc");
    compiler.arg(&file).arg("-o").arg(&output).args(arguments);
    let status = compiler.status();
    assert!(status.expect("this machine has a C compiler").success());
    output
}

fn program(folder: &Path) -> FunctionBinary {
    let path = compile(folder, "program", "int main(void) { return 0; }\n", &[]);
    FunctionBinary::check(&path, host(), GlibcVersion::new(2, 999)).unwrap()
}

#[test]
fn base_must_have_the_required_libraries() {
    let folder = tempfile::tempdir().unwrap();
    let binary = program(folder.path());
    let error = check_scratch(&binary).unwrap_err().to_string();
    assert!(error.contains("libc.so.6"), "{error}");
    assert!(error.contains("minimal"), "{error}");

    let libraries = glibc::required_libraries(&binary, Path::new("/")).unwrap();
    let good = write(folder.path(), "good", &[libraries], None);
    check_base(&binary, &good, "good").unwrap();

    let empty = write(folder.path(), "empty", &[function()], None);
    let error = check_base(&binary, &empty, "empty").unwrap_err();
    let error = error.to_string();
    assert!(error.contains("cannot run on the base empty"), "{error}");
    assert!(error.contains("use one with a glibc"), "{error}");
}

#[test]
fn base_with_old_glibc_or_other_architecture_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let binary = program(folder.path());
    let elf = Elf::read(binary.path()).unwrap();
    // A library that declares the symbol versions of an old glibc, and a loader.
    let versions = folder.path().join("versions");
    fs::write(&versions, "GLIBC_2.1 { global: puts; local: *; };\n").unwrap();
    let script = format!("-Wl,--version-script={}", versions.display());
    let arguments = ["-shared", "-fPIC", "-nostdlib", "-Wl,-soname,libc.so.6", &script];
    let old = compile(
        folder.path(),
        "libc.so.6",
        "int puts(const char *text) { return !text; }\n",
        &arguments,
    );
    assert_eq!(Elf::read(&old).unwrap().provided_glibc, Some(GlibcVersion::new(2, 1)));
    let mut base = FileTree::new();
    let loader = elf.interpreter.clone().unwrap();
    let loader = loader.trim_start_matches('/');
    base.add(loader, Content::bytes("test", b"loader"), Mode::Program)
        .unwrap();
    let library = Content::File(old);
    base.add("usr/lib/libc.so.6", library, Mode::Program).unwrap();
    let layout = write(folder.path(), "old", &[base.clone()], None);
    let error = check_base(&binary, &layout, "an old one").unwrap_err().to_string();
    assert!(error.contains("its glibc is 2.1"), "{error}");

    let mut writer = LayoutWriter::new(folder.path(), 0).unwrap();
    writer.add_layer(&base, "test").unwrap();
    let elsewhere = host().other();
    let other = ImageConfig::new("other", elsewhere);
    let other = writer.finish(&other, &folder.path().join("other")).unwrap();
    let error = check_base(&binary, &other, "another").unwrap_err().to_string();
    assert!(error.contains(&format!("the base is for {elsewhere}")), "{error}");
}

#[test]
fn static_program_runs_on_scratch() {
    let folder = tempfile::tempdir().unwrap();
    // Without system libraries, because they may not be installed as static archives.
    let source = "void _start(void) { for (;;) {} }\n";
    let path = compile(folder.path(), "static", source, &["-nostdlib", "-static"]);
    let binary = FunctionBinary::check(&path, host(), GlibcVersion::new(2, 17)).unwrap();
    check_scratch(&binary).unwrap();
}

//! The entries of layers.

use super::*;

#[test]
fn missing_parent_breaks_parent_directories() {
    let entries = [folder("var/"), bootstrap()];
    assert_breaks(layer(&entries), &[Rule::ParentDirectories]);
}

#[test]
fn private_files_break_readable() {
    let entries = |path: &str, bits| {
        let folders = [folder("etc/"), folder("var/"), folder("var/task/")];
        [folders.concat(), bootstrap(), file(path, bits, b"x")]
    };
    assert_breaks(layer(&entries("var/task/model", 0o600)), &[Rule::Readable]);
    assert_breaks(layer(&entries("var/task/model", 0o604)), &[]);
    // Private files of the operating system are only a warning.
    let mut fixture = ImageFixture::valid();
    layer(&entries("etc/shadow", 0))(&mut fixture);
    let parent = tempfile::tempdir().unwrap();
    let found = broken_rules(&fixture.write(parent.path()), None);
    assert_eq!(found, [(Rule::Readable, Severity::Warning)]);
}

#[test]
fn duplicate_path_breaks_unique_paths() {
    let folders = [folder("var/"), folder("var/task/")].concat();
    let other = file("./var/task/bootstrap", 0o755, &static_program(X86_64));
    assert_breaks(layer(&[folders, bootstrap(), other]), &[Rule::UniquePaths]);
}

#[test]
fn hard_links_across_layers_and_devices_break_rules() {
    let above = [folder("var/"), link(EntryType::Link, "var/b", "var/task/bootstrap")];
    let change = |fixture: &mut ImageFixture| {
        fixture.layers.push(above.concat());
        fixture.config["history"] = json!([{}, {}]);
    };
    assert_breaks(change, &[Rule::HardLinks]);
    for kind in [EntryType::Char, EntryType::Block, EntryType::Fifo] {
        let mut fixture = ImageFixture::valid();
        fixture.layers[0].extend(link(kind, "null", ""));
        let parent = tempfile::tempdir().unwrap();
        let found = broken_rules(&fixture.write(parent.path()), None);
        assert_eq!(found, [(Rule::NoDevices, Severity::Warning)]);
    }
}

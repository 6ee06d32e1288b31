//! The entries of layers.

use super::*;
use crate::tests::fixture::directory;

#[test]
fn missing_parent_breaks_parent_directories() {
    let entries = [folder("var/"), bootstrap()];
    assert_breaks(layer(&entries), &[Rule::ParentDirectories]);
    let (var, task) = (folder("var/"), folder("var/task/"));
    for late in [[task.clone(), var.clone(), bootstrap()], [var, bootstrap(), task]] {
        assert_breaks(layer(&late), &[Rule::ParentDirectories]);
    }
}

#[test]
fn private_files_break_readable() {
    let entries = |path: &str, bits| {
        let folders = [folder("etc/"), folder("var/"), folder("var/task/")];
        [folders.concat(), bootstrap(), file(path, bits, b"x")]
    };
    assert_breaks(layer(&entries("var/task/model", 0o600)), &[Rule::Readable]);
    assert_breaks(layer(&entries("var/task/model", 0o604)), &[]);
    // Other users' private files are only a warning.
    let warning = |entries: &[Vec<u8>]| {
        let mut fixture = ImageFixture::valid();
        layer(entries)(&mut fixture);
        let parent = tempfile::tempdir().unwrap();
        let found = broken_rules(&fixture.write(parent.path()), None);
        assert_eq!(found, [(Rule::Readable, Severity::Warning)]);
    };
    warning(&entries("etc/shadow", 0));
    let home = [folder("var/"), folder("var/task/"), bootstrap(), folder("home/")];
    let home = [home.as_slice(), &[directory("home/node/", 0o700)]].concat();
    warning(&home);
    // A folder that cannot be listed can be entered.
    warning(&[folder("var/"), directory("var/task/", 0o711), bootstrap()]);
    for setting in [
        json!({"WorkingDir": "/home/node"}),
        json!({"WorkingDir": "/home/node/app"}),
        json!({"Env": ["LAMBDA_TASK_ROOT=/home/node"]}),
    ] {
        let change = |fixture: &mut ImageFixture| {
            layer(&[home.as_slice(), &[folder("home/node/app/")]].concat())(fixture);
            fixture.config["config"] = setting;
            fixture.config["config"]["Entrypoint"] = json!(["/var/task/bootstrap"]);
        };
        assert_breaks(change, &[Rule::Readable]);
    }
}

#[test]
fn permissions_are_those_of_the_highest_layer() {
    let folders = [folder("var/"), folder("var/task/")].concat();
    let private = file("var/task/model", 0o600, b"x");
    for (above, rules) in [(0o644, [].as_slice()), (0o600, &[Rule::Readable])] {
        let change = |fixture: &mut ImageFixture| {
            fixture.layers[0].extend(private.clone());
            fixture
                .layers
                .push([folders.clone(), file("var/task/model", above, b"x")].concat());
            fixture.config["history"] = json!([{}, {}]);
        };
        assert_breaks(change, rules);
    }
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

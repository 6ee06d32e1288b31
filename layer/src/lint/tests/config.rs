//! Settings of images, whiteouts and attributes.

use super::*;
use crate::entries::tests::raw_entry;

/// The findings for a changed image, as rule, severity and message.
fn findings(change: impl FnOnce(&mut ImageFixture)) -> Vec<(Rule, Severity, String)> {
    let mut fixture = ImageFixture::valid();
    change(&mut fixture);
    let parent = tempfile::tempdir().unwrap();
    let found = lint(&fixture.write(parent.path()), &LintOptions::default()).unwrap();
    found
        .into_iter()
        .map(|finding| (finding.rule, finding.severity, finding.message))
        .collect()
}

#[track_caller]
fn assert_only(found: &[(Rule, Severity, String)], rule: Rule, severity: Severity, text: &str) {
    let [(found_rule, found_severity, message)] = found else {
        panic!("{text}: {found:?}");
    };
    assert_eq!((*found_rule, *found_severity), (rule, severity), "{text}");
    assert!(message.contains(text), "{text}: {message}");
}

/// Sets a value below `config` in the image's configuration.
fn setting(name: &'static str, value: serde_json::Value) -> impl FnOnce(&mut ImageFixture) {
    move |fixture| fixture.config["config"][name] = value
}

#[test]
fn working_directories_are_absolute_folders_of_the_image() {
    for folder in ["", "/", "/var/task", "/var/task/", "/var//task"] {
        assert_eq!(findings(setting("WorkingDir", folder.into())), [], "{folder}");
    }
    let relative = findings(setting("WorkingDir", "function".into()));
    assert_only(&relative, Rule::WorkingDirectory, Severity::Error, "is relative");
    let file = findings(setting("WorkingDir", "/var/task/bootstrap".into()));
    assert_only(&file, Rule::WorkingDirectory, Severity::Error, "not a folder");
    let missing = findings(setting("WorkingDir", "/function".into()));
    assert_only(&missing, Rule::WorkingDirectory, Severity::Warning, "not in the image");
}

#[test]
fn ignored_settings_are_notes() {
    for user in ["", "65532:65532", "nobody"] {
        assert_eq!(findings(setting("User", user.into())), [], "{user}");
    }
    for user in ["root", "0", "0:0", "root:staff"] {
        let found = findings(setting("User", user.into()));
        assert_only(&found, Rule::IgnoredSettings, Severity::Note, "unprivileged");
    }
    let volumes = findings(setting("Volumes", json!({"/data": {}, "/a": {}})));
    assert_only(&volumes, Rule::IgnoredSettings, Severity::Note, "VOLUME /a, /data");
    let ports = findings(setting("ExposedPorts", json!({"8080/tcp": {}})));
    assert_only(&ports, Rule::IgnoredSettings, Severity::Note, "EXPOSE 8080/tcp");
    let nothing = json!({"Entrypoint": ["/var/task/bootstrap"], "Volumes": null, "ExposedPorts": null, "User": null});
    assert_eq!(findings(|fixture| fixture.config["config"] = nothing), []);
}

#[test]
fn settings_and_layers_are_limited() {
    let variable = format!("A={}", "x".repeat(16_384 - "/var/task/bootstrap".len() - 2));
    assert_eq!(findings(setting("Env", json!([variable]))), []);
    let larger = findings(setting("Env", json!([variable, "B"])));
    assert_only(&larger, Rule::SettingsSize, Severity::Error, "16385 bytes");

    let with_layers = |count: usize| {
        findings(move |fixture| {
            for number in 1..count {
                fixture.layers.push(file(&number.to_string(), 0o644, b""));
            }
            fixture.config["history"] = vec![json!({}); count].into();
        })
    };
    assert_eq!(with_layers(127), []);
    assert_only(&with_layers(128), Rule::LayerCount, Severity::Warning, "128 layers");
}

#[test]
fn whiteouts_hide_something_of_lower_layers() {
    let above = |entries: &[Vec<u8>]| {
        let layer = [&[folder("var/"), folder("var/x/")], entries].concat().concat();
        findings(move |fixture| {
            let below = [
                folder("var/x/"),
                file("var/x/a", 0o644, b""),
                file("var/x/b", 0o644, b""),
            ];
            fixture.layers[0].extend(below.concat());
            fixture.layers.push(layer);
            fixture.config["history"] = json!([{}, {}]);
        })
    };
    let whiteout = |path: &str| file(path, 0o644, b"");
    let opaque = whiteout("var/x/.wh..wh..opq");
    assert_eq!(above(&[whiteout("var/x/.wh.a")]), []);
    assert_eq!(above(&[opaque.clone(), whiteout("var/x/c")]), []);
    for (entries, severity, text) in [
        (vec![whiteout("var/x/.wh.z")], Severity::Note, "hide nothing"),
        (
            vec![opaque, whiteout("var/x/.wh.a")],
            Severity::Note,
            "beside an opaque whiteout",
        ),
        (
            vec![whiteout("var/x/.wh.a"), whiteout("var/x/a")],
            Severity::Warning,
            "both hidden and present",
        ),
        (vec![whiteout("var/x/.wh..wh.plnk")], Severity::Warning, "AUFS"),
        (
            vec![file("var/x/.wh.a", 0o644, b"x")],
            Severity::Warning,
            "not empty files",
        ),
        (vec![whiteout("var/x/.wh..")], Severity::Error, "their own folder"),
        (vec![whiteout("var/x/.wh.")], Severity::Error, "their own folder"),
    ] {
        assert_only(&above(&entries), Rule::Whiteouts, severity, text);
    }
}

#[test]
fn attributes_are_notes_and_capabilities_of_the_program_a_warning() {
    let record = b"38 SCHILY.xattr.security.capability=\n\n";
    let attribute = raw_entry(EntryType::XHeader, b"x", b"", record);
    let folders = [folder("var/"), folder("var/task/")].concat();
    let other = [attribute.clone(), file("var/task/ping", 0o755, b"x")].concat();
    let found = findings(layer(&[folders.clone(), bootstrap(), other]));
    assert_only(
        &found,
        Rule::Attributes,
        Severity::Note,
        "var/task/ping (security.capability)",
    );
    let found = findings(layer(&[folders, attribute, bootstrap()]));
    let severities: Vec<_> = found.iter().map(|(rule, severity, _)| (*rule, *severity)).collect();
    let both = [
        (Rule::Attributes, Severity::Note),
        (Rule::Attributes, Severity::Warning),
    ];
    assert_eq!(severities, both);
}

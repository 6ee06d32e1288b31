//! Tests of the audit with a made-up product and a fake of OSV.

pub mod fake_osv;

use serde_json::json;

use self::fake_osv::{Behaviour, start};
use super::*;
use support::output::CommandOutput;

const OSV_TIMEOUT: Duration = Duration::from_secs(20);

const DATA: &str = r#"
    [[watched]]
    component = "pkg:generic/libwebp"
    version_scheme = "dotted"
    announcements = "https://example.org/"
    as_of = 2026-08-21
    osv = [{ ecosystem = "GIT", name = "https://example.org/libwebp" }]

    [[advisory]]
    id = "CVE-2023-4863"
    aliases = ["GHSA-j7hp-h8jx-5ppr"]
    component = "pkg:generic/libwebp"
    affected = [{ before = "1.3.2" }]
    summary = "An overflow"
    source = "https://example.org/1"
"#;

fn product(version: &str) -> Product {
    Product {
        name: "face-detect".to_owned(),
        components: vec![AuditedComponent::new("libwebp", "pkg:generic/libwebp", version)],
        imports: None,
    }
}

fn audit(version: &'static str, behaviour: Behaviour) -> AuditOutput {
    let address = start(behaviour).unwrap();
    let data = AdvisoryDatabase::parse(&[("test", DATA)]).unwrap();
    let products = [product(version)];
    let mut report = check(&data, &products).unwrap();
    let online = query_osv(&data, &products, &address, OSV_TIMEOUT, &mut report);
    AuditOutput::new(&data, &products, report, online, Vec::new())
}

fn with_entry(version: &'static str, id: &str) -> Behaviour {
    let entry = json!({"id": id, "summary": "Something bad"});
    Behaviour {
        entries: vec![("GIT", "https://example.org/libwebp", version, entry)],
        ..Behaviour::default()
    }
}

#[test]
fn osv_only_findings_are_failures() {
    let output = audit("1.6.0", with_entry("1.6.0", "OSV-2027-1"));
    assert_eq!(output.failures(), ["libwebp 1.6.0 of face-detect has OSV-2027-1"]);
    let text = output.to_text();
    assert!(text.contains("https://osv.dev/vulnerability/OSV-2027-1"), "{text}");
    assert!(text.contains("queried about 1 of 1 components"), "{text}");
}

#[test]
fn findings_known_to_both_are_reported_once() {
    let output = audit("1.2.0", with_entry("1.2.0", "GHSA-j7hp-h8jx-5ppr"));
    let expected = "libwebp 1.2.0 of face-detect has CVE-2023-4863, fixed in 1.3.2";
    assert_eq!(output.failures(), [expected]);
    let output = audit("1.6.0", with_entry("1.6.0", "GHSA-j7hp-h8jx-5ppr"));
    assert!(output.failures().is_empty());
    assert!(
        output.to_text().contains("libwebp 1.6.0: CVE-2023-4863"),
        "{}",
        output.to_text()
    );
}

#[test]
fn an_osv_failure_is_not_an_empty_result() {
    for always in [(500, "oops"), (200, "<html>")] {
        let output = audit(
            "1.6.0",
            Behaviour {
                always: Some(always),
                ..Behaviour::default()
            },
        );
        let failures = output.failures();
        assert!(failures[0].contains("OSV could not be queried"), "{failures:?}");
        assert!(
            output.to_text().contains("OSV COULD NOT BE QUERIED"),
            "{}",
            output.to_text()
        );
        let json = serde_json::to_value(&output).unwrap();
        assert_eq!(json["osv"]["outcome"], "failed");
    }
    let output = audit("1.6.0", Behaviour::default());
    assert!(output.failures().is_empty());
    let data = AdvisoryDatabase::parse(&[("test", DATA)]).unwrap();
    let offline = AuditOutput::new(
        &data,
        &[product("1.6.0")],
        Report::default(),
        OsvOutcome::Skipped,
        Vec::new(),
    );
    assert!(offline.to_text().contains("OSV was not queried (--offline)"));
    assert!(offline.failures().is_empty());
}

/// The number of libraries, given with their versions, that have a vulnerability.
fn affected(libraries: &[(&str, &str)]) -> usize {
    let parts = libraries
        .iter()
        .map(|(name, version)| AuditedComponent::new(name, &format!("pkg:generic/{name}"), version));
    let products = [Product {
        name: SDK_NAME.to_owned(),
        components: parts.collect(),
        imports: None,
    }];
    let report = check(&AdvisoryDatabase::embedded().unwrap(), &products).unwrap();
    assert!(report.unwatched.is_empty(), "{:?}", report.unwatched);
    let hit = |(name, _): &&(&str, &str)| {
        let affected = report.affected();
        affected.iter().any(|(finding, _)| finding.component.name == *name)
    };
    libraries.iter().filter(hit).count()
}

#[test]
fn old_libraries_are_affected_and_current_ones_are_not() {
    // The versions in OpenCV 4.5.5, except for libjpeg-turbo: no vulnerability of its 2.1.2 is in code compiled here.
    let old = [
        ("libwebp", "1.2.0"),
        ("libpng", "1.6.37"),
        ("zlib", "1.2.11"),
        ("libjpeg-turbo", "2.0.3"),
        ("libtiff", "4.2.0"),
        ("openjpeg", "2.4.0"),
    ];
    assert_eq!(affected(&old), old.len());
    let current = [
        ("libwebp", "1.6.0"),
        ("libpng", "1.6.57"),
        ("zlib", "1.3.2"),
        ("libjpeg-turbo", "3.1.2"),
    ];
    assert_eq!(affected(&current), 0);
}

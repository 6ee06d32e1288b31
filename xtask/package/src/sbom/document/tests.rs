use layer::Mode;
use serde_json::Value;

use super::*;

fn sbom() -> Sbom {
    let mut sbom = Sbom::default();
    let crate_ = Component {
        version: Some("1.0.0".to_owned()),
        license: Some("MIT".to_owned()),
        sha256: Some("00".repeat(32)),
        purl: Some("pkg:cargo/b@1.0.0".to_owned()),
        cpe: Some("cpe:2.3:a:b:b:1.0.0:*:*:*:*:*:*:*".to_owned()),
        ..Component::new(ComponentKind::Crate, "crate-b-1.0.0", "b")
    };
    sbom.add_relationship("app", RelationshipType::StaticLink, &crate_.id);
    sbom.add_relationship(ARTEFACT_ID, RelationshipType::Contains, "app");
    sbom.components.push(crate_);
    sbom.components
        .push(Component::new(ComponentKind::Program, "app", "app"));
    let made_of = (RelationshipType::GeneratedFrom, "app".to_owned());
    sbom.file_origins.insert("/build/bootstrap".into(), made_of);
    sbom
}

fn subject() -> Subject {
    Subject {
        name: "face-detect".to_owned(),
        version: "0.1.0".to_owned(),
        digest: format!("sha256:{}", "ab".repeat(32)).parse().unwrap(),
        file_name: "face-detect.tar".to_owned(),
        kind: ArtefactKind::Image,
    }
}

fn files() -> FileTree {
    let mut tree = FileTree::new();
    for name in ["z", "a-b", "a_b"] {
        let content = Content::bytes("test", name.as_bytes());
        tree.add(name, content, Mode::Data).unwrap();
    }
    tree
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn written(sbom: &Sbom, files: &FileTree) -> Value {
    parsed(&document(sbom, &[files], &subject(), 1_646_370_367).unwrap())
}

/// The ids of the elements to which `from` has the relationship `how`.
fn related(document: &Value, from: &str, how: &str) -> Vec<String> {
    let all = document["relationships"].as_array().unwrap().iter();
    let of_it = all.filter(|r| r["spdxElementId"] == from && r["relationshipType"] == how);
    of_it
        .map(|r| r["relatedSpdxElement"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn document_header_describes_the_artefact() {
    let document = written(&sbom(), &files());
    assert_eq!(document["spdxVersion"], "SPDX-2.3");
    assert_eq!(document["creationInfo"]["created"], "2022-03-04T05:06:07Z");
    assert_eq!(license_list("v3.29.0").unwrap(), "3.29");
    let artefact = &document["packages"][0];
    assert_eq!(artefact["name"], "face-detect");
    assert_eq!(artefact["primaryPackagePurpose"], "CONTAINER");
    assert_eq!(artefact["checksums"][0]["checksumValue"], "ab".repeat(32));
    let url = artefact["externalRefs"][0]["referenceLocator"].as_str().unwrap();
    assert!(url.starts_with("pkg:oci/face-detect@sha256"), "{url}");
    assert_eq!(
        related(&document, "SPDXRef-DOCUMENT", "DESCRIBES"),
        ["SPDXRef-Package-artefact"]
    );
}

#[test]
fn unknown_fields_are_noassertion_or_absent() {
    let document = written(&sbom(), &files());
    let packages = document["packages"].as_array().unwrap();
    let of = |name: &str| packages.iter().find(|p| p["name"] == name).unwrap();
    assert_eq!(of("b")["licenseDeclared"], "MIT");
    assert_eq!(of("b")["externalRefs"][1]["referenceType"], "cpe23Type");
    assert_eq!(of("app")["licenseDeclared"], "NOASSERTION");
    assert_eq!(of("app")["downloadLocation"], "NOASSERTION");
    assert_eq!(of("app").get("versionInfo"), None);
    assert_eq!(of("app").get("checksums"), None);
}

#[test]
fn file_identifiers_are_unique() {
    let document = written(&sbom(), &files());
    let ids: Vec<_> = document["files"].as_array().unwrap().iter().collect();
    let ids: Vec<_> = ids.iter().map(|f| (&f["fileName"], &f["SPDXID"])).collect();
    let expected = [
        ("./a-b", "SPDXRef-File-a-b"),
        ("./a_b", "SPDXRef-File-a-b-2"),
        ("./z", "SPDXRef-File-z"),
    ];
    assert_eq!(ids.len(), 3);
    for ((name, id), (expected_name, expected_id)) in ids.iter().zip(expected) {
        assert_eq!((*name, *id), (&expected_name.into(), &expected_id.into()));
    }
    let contained = related(&document, "SPDXRef-Package-artefact", "CONTAINS");
    assert_eq!(contained.len(), 4, "{contained:?}");
}

#[test]
fn file_is_related_to_its_origin() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bootstrap");
    fs_err::write(&path, "program").unwrap();
    let mut sbom = sbom();
    let made_of = sbom.file_origins.pop_first().unwrap().1;
    sbom.file_origins.insert(path.clone(), made_of);
    let mut files = files();
    files
        .add("var/task/bootstrap", Content::File(path), Mode::Program)
        .unwrap();
    let document = written(&sbom, &files);
    assert_eq!(
        related(&document, "SPDXRef-File-var-task-bootstrap", "GENERATED_FROM"),
        ["SPDXRef-Package-app"]
    );
    assert!(related(&document, "SPDXRef-File-z", "GENERATED_FROM").is_empty());
}

#[test]
fn document_is_independent_of_input_order() {
    let mut other = sbom();
    other.components.reverse();
    other.relationships.reverse();
    let mut more = FileTree::new();
    more.add("b", Content::bytes("test", b"b"), Mode::Data).unwrap();
    let files = files();
    let write = |sbom: &Sbom, trees: &[&FileTree], time| document(sbom, trees, &subject(), time).unwrap();
    let first = write(&sbom(), &[&files, &more], 0);
    assert_eq!(first, write(&other, &[&more, &files], 0));
    let namespace = |bytes: &[u8]| parsed(bytes)["documentNamespace"].clone();
    assert_ne!(namespace(&first), namespace(&write(&sbom(), &[&files, &more], 1)));
    assert!(document(&sbom(), &[&files], &subject(), u64::MAX).is_err());
}

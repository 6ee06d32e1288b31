//! Converts an SBOM, with the artefact's files and name, to an SPDX 2.3 document in JSON. The output is reproducible:
//! everything is sorted, the time is a parameter, and the document's namespace contains a digest of the rest.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use layer::{Content, Digest, FileTree, rfc3339};
use serde_json::{Value, json};

use super::component::{Component, ComponentKind, Relationship, RelationshipType, identifier, purl};
use super::contents::{ARTEFACT_ID, Sbom};
use super::hashes::{self, Hashes};

/// SPDX's value for unknown.
const NO_ASSERTION: &str = "NOASSERTION";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

#[derive(Clone, Debug)]
pub struct Subject {
    pub name: String,
    pub version: String,
    /// The digest of the image's manifest or of the archive.
    pub digest: Digest,
    pub file_name: String,
    pub kind: ArtefactKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArtefactKind {
    Image,
    Archive,
}

/// The document as JSON. `trees` contain all files of the artefact; `time` is in seconds since 1970.
pub fn document(sbom: &Sbom, trees: &[&FileTree], subject: &Subject, time: u64) -> Result<Vec<u8>> {
    let listed = list_files(trees)?;
    let mut components: Vec<_> = sbom.components.iter().collect();
    components.sort_by(|a, b| a.id.cmp(&b.id));
    let mut packages = vec![artefact_package(subject, &listed)?];
    packages.extend(components.into_iter().map(component_package));

    let artefact = package_id(ARTEFACT_ID);
    let mut relationships = BTreeSet::from([(DOCUMENT.to_owned(), RelationshipType::Describes, artefact.clone())]);
    let of_sbom = sbom.relationships.iter();
    relationships.extend(of_sbom.map(|(from, how, to)| (package_id(from), *how, package_id(to))));
    for file in &listed {
        relationships.insert((artefact.clone(), RelationshipType::Contains, file.id.clone()));
        let source = match file.content {
            Content::File(path) => sbom.file_origins.get(path),
            Content::Bytes { .. } => None,
        };
        relationships.extend(source.map(|(how, id)| (file.id.clone(), *how, package_id(id))));
    }
    let file = |file: &ListedFile<'_>| {
        let Hashes { sha1, sha256 } = &file.hashes;
        json!({
            "SPDXID": file.id,
            "fileName": format!("./{}", file.path),
            "checksums": [checksum("SHA1", sha1), checksum("SHA256", sha256)],
        })
    };
    let related = |(from, how, to): Relationship| json!({"spdxElementId": from, "relationshipType": how, "relatedSpdxElement": to});
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": format!("{}-{}", subject.name, subject.version),
        "creationInfo": {
            "created": rfc3339(time)?,
            "creators": [format!("Tool: xtask-{}", env!("CARGO_PKG_VERSION"))],
            "licenseListVersion": license_list(spdx::license_version())?,
        },
        "packages": packages,
        "files": listed.iter().map(file).collect::<Vec<_>>(),
        "relationships": relationships.into_iter().map(related).collect::<Vec<_>>(),
    });
    let digest = Digest::of(&serde_json::to_vec(&document)?).hex();
    let name = identifier(&subject.name);
    document["documentNamespace"] = format!("https://spdx.org/spdxdocs/{name}-{digest}").into();
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Ok(text)
}

struct ListedFile<'a> {
    id: String,
    path: &'a str,
    content: &'a Content,
    hashes: Hashes,
}

fn list_files<'a>(trees: &[&'a FileTree]) -> Result<Vec<ListedFile<'a>>> {
    let mut files: Vec<_> = trees.iter().flat_map(|tree| tree.files()).collect();
    files.sort_by_key(|(path, _)| *path);
    let mut ids = BTreeSet::new();
    let mut listed = Vec::new();
    for (path, content) in files {
        let plain = format!("SPDXRef-File-{}", identifier(path));
        let mut id = plain.clone();
        let mut number = 1;
        // `a_b` and `a-b` have the same SPDX identifier.
        while !ids.insert(id.clone()) {
            number += 1;
            id = format!("{plain}-{number}");
        }
        listed.push(ListedFile {
            id,
            path,
            content,
            hashes: Hashes::of(content)?,
        });
    }
    Ok(listed)
}

fn artefact_package(subject: &Subject, files: &[ListedFile<'_>]) -> Result<Value> {
    let digest = subject.digest.to_string();
    let url = || purl("oci", None, (&subject.name, &digest), &[]);
    let (url, purpose) = match subject.kind {
        ArtefactKind::Image => (Some(url()?), "CONTAINER"),
        ArtefactKind::Archive => (None, "ARCHIVE"),
    };
    let hashes: Vec<_> = files.iter().map(|file| &file.hashes).collect();
    Ok(remove_empty_fields(json!({
        "SPDXID": package_id(ARTEFACT_ID),
        "name": subject.name,
        "versionInfo": subject.version,
        "packageFileName": subject.file_name,
        "downloadLocation": NO_ASSERTION,
        "filesAnalyzed": true,
        "packageVerificationCode": {
            "packageVerificationCodeValue": hashes::verification_code(&hashes),
        },
        "checksums": [checksum("SHA256", &subject.digest.hex())],
        "licenseConcluded": NO_ASSERTION,
        "licenseDeclared": NO_ASSERTION,
        "copyrightText": NO_ASSERTION,
        "externalRefs": external_refs(url.as_deref(), None),
        "primaryPackagePurpose": purpose,
    })))
}

/// A component as an SPDX package without file analysis.
fn component_package(component: &Component) -> Value {
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| NO_ASSERTION.to_owned());
    let digests = component.sha256.iter();
    remove_empty_fields(json!({
        "SPDXID": package_id(&component.id),
        "name": component.name,
        "versionInfo": component.version,
        "supplier": component.supplier,
        "downloadLocation": known(&component.download_url),
        "filesAnalyzed": false,
        "checksums": digests.map(|digest| checksum("SHA256", digest)).collect::<Vec<_>>(),
        "homepage": component.homepage,
        "sourceInfo": component.source_info,
        "licenseConcluded": NO_ASSERTION,
        "licenseDeclared": known(&component.license),
        "copyrightText": NO_ASSERTION,
        "externalRefs": external_refs(component.purl.as_deref(), component.cpe.as_deref()),
        "primaryPackagePurpose": match component.kind {
            ComponentKind::Program => "APPLICATION",
            ComponentKind::Crate | ComponentKind::Library | ComponentKind::Package => "LIBRARY",
            ComponentKind::Data => "OTHER",
            ComponentKind::Image => "CONTAINER",
        },
    }))
}

/// Removes unknown fields of a package: SPDX allows neither nulls nor empty lists there.
fn remove_empty_fields(mut package: Value) -> Value {
    if let Some(fields) = package.as_object_mut() {
        fields.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    }
    package
}

fn package_id(id: &str) -> String {
    format!("SPDXRef-Package-{id}")
}

fn checksum(algorithm: &str, digits: &str) -> Value {
    json!({"algorithm": algorithm, "checksumValue": digits})
}

fn external_refs(purl: Option<&str>, cpe: Option<&str>) -> Vec<Value> {
    let names = [("PACKAGE-MANAGER", "purl", purl), ("SECURITY", "cpe23Type", cpe)];
    let known = names.into_iter().filter(|(_, _, name)| name.is_some());
    known
        .map(|(category, kind, name)| {
            json!({"referenceCategory": category, "referenceType": kind, "referenceLocator": name})
        })
        .collect()
}

/// The release of SPDX's licence list in a document's format: `3.29` for `v3.29.0`.
fn license_list(version: &str) -> Result<String> {
    let mut parts = version.trim_start_matches('v').split('.');
    let both = parts.next().zip(parts.next());
    let (major, minor) = both.with_context(|| format!("`{version}` is not a release of the licence list"))?;
    Ok(format!("{major}.{minor}"))
}

#[cfg(test)]
mod tests;

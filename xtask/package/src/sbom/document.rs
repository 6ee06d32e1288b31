//! From a bill, the artefact's files and what the artefact is called to an SPDX 2.3 document in JSON.
//! The same input gives the same bytes: everything is sorted, the time is given, and the document's
//! name space is a digest of all the rest.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use layer::{Content, Digest, FileTree, rfc3339};

use super::bill::{ARTEFACT, Bill};
use super::component::{Component, Kind, Relation, identifier, purl};
use super::hashes::{self, Hashes};
use super::spdx::{
    Checksum, CreationInfo, DOCUMENT, Document, ExternalRef, File, NO_ASSERTION, Package,
    Relationship, VerificationCode,
};

/// The artefact that a bill of materials is for.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What it is called.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The digest of the image's manifest or of the archive.
    pub digest: Digest,
    /// The file that it is in.
    pub file_name: String,
    /// What sort of artefact it is.
    pub form: Form,
}

/// A sort of artefact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A container image.
    Image,
    /// An archive such as a zip.
    Archive,
}

/// The document, as JSON. `trees` are all files of the artefact; `time` is in seconds since 1970.
///
/// # Errors
/// A file cannot be read, or no such time exists.
pub fn document(bill: &Bill, trees: &[&FileTree], subject: &Subject, time: u64) -> Result<Vec<u8>> {
    let listed = listed(trees)?;
    let mut packages = vec![artefact(subject, &listed)?];
    let mut components: Vec<_> = bill.components.iter().map(package).collect();
    components.sort_by(|a, b| a.id.cmp(&b.id));
    packages.append(&mut components);

    let mut relationships = BTreeSet::from([Relationship {
        spdx_element_id: DOCUMENT.to_owned(),
        relationship_type: Relation::Describes,
        related_spdx_element: package_id(ARTEFACT),
    }]);
    relationships.extend(
        bill.relations
            .iter()
            .map(|(from, relation, to)| Relationship {
                spdx_element_id: package_id(from),
                relationship_type: *relation,
                related_spdx_element: package_id(to),
            }),
    );
    for file in &listed {
        relationships.insert(Relationship {
            spdx_element_id: package_id(ARTEFACT),
            relationship_type: Relation::Contains,
            related_spdx_element: file.id.clone(),
        });
        let source = match file.content {
            Content::File(path) => bill.made_of.get(path),
            Content::Bytes { .. } => None,
        };
        relationships.extend(source.map(|(relation, id)| Relationship {
            spdx_element_id: file.id.clone(),
            relationship_type: *relation,
            related_spdx_element: package_id(id),
        }));
    }
    let mut document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: format!("{}-{}", subject.name, subject.version),
        document_namespace: String::new(),
        creation_info: CreationInfo {
            created: rfc3339(time)?,
            creators: vec![format!("Tool: xtask-{}", env!("CARGO_PKG_VERSION"))],
            license_list_version: license_list(spdx::license_version())?,
        },
        packages,
        files: listed.iter().map(Listed::file).collect(),
        relationships: relationships.into_iter().collect(),
    };
    let digest = Digest::of(&serde_json::to_vec(&document)?).hex();
    document.document_namespace = format!(
        "https://spdx.org/spdxdocs/{}-{digest}",
        identifier(&subject.name)
    );
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Ok(text)
}

/// A file, hashed.
struct Listed<'a> {
    id: String,
    path: &'a str,
    content: &'a Content,
    hashes: Hashes,
}

/// Files by path, each with an id of its own.
fn listed<'a>(trees: &[&'a FileTree]) -> Result<Vec<Listed<'a>>> {
    let mut files: Vec<_> = trees.iter().flat_map(|tree| tree.files()).collect();
    files.sort_by_key(|(path, _)| *path);
    let mut ids = BTreeSet::new();
    let mut listed = Vec::new();
    for (path, content) in files {
        let plain = format!("SPDXRef-File-{}", identifier(path));
        let mut id = plain.clone();
        let mut number = 1;
        // `a_b` and `a-b` are the same to SPDX.
        while !ids.insert(id.clone()) {
            number += 1;
            id = format!("{plain}-{number}");
        }
        listed.push(Listed {
            id,
            path,
            content,
            hashes: Hashes::of(content)?,
        });
    }
    Ok(listed)
}

impl Listed<'_> {
    fn file(&self) -> File {
        File {
            id: self.id.clone(),
            file_name: format!("./{}", self.path),
            checksums: vec![
                checksum("SHA1", &self.hashes.sha1),
                checksum("SHA256", &self.hashes.sha256),
            ],
        }
    }
}

/// The artefact as a package that has all of the files.
fn artefact(subject: &Subject, files: &[Listed<'_>]) -> Result<Package> {
    let external = match subject.form {
        Form::Image => {
            let version = subject.digest.to_string();
            let purl = purl("oci", None, (&subject.name, &version), &[])?;
            vec![external("PACKAGE-MANAGER", "purl", &purl)]
        }
        Form::Archive => Vec::new(),
    };
    let hashes: Vec<_> = files.iter().map(|file| &file.hashes).collect();
    Ok(Package {
        id: package_id(ARTEFACT),
        name: subject.name.clone(),
        version_info: Some(subject.version.clone()),
        package_file_name: Some(subject.file_name.clone()),
        supplier: None,
        download_location: NO_ASSERTION.to_owned(),
        files_analyzed: true,
        package_verification_code: Some(VerificationCode {
            package_verification_code_value: hashes::verification_code(&hashes),
        }),
        checksums: vec![checksum("SHA256", &subject.digest.hex())],
        homepage: None,
        source_info: None,
        license_concluded: NO_ASSERTION.to_owned(),
        license_declared: NO_ASSERTION.to_owned(),
        copyright_text: NO_ASSERTION,
        external_refs: external,
        primary_package_purpose: match subject.form {
            Form::Image => "CONTAINER",
            Form::Archive => "ARCHIVE",
        },
    })
}

/// A component as a package whose files nobody looked at.
fn package(component: &Component) -> Package {
    let known = |value: &Option<String>| {
        let value = value.clone();
        value.unwrap_or_else(|| NO_ASSERTION.to_owned())
    };
    let purl = component.purl.iter();
    let cpe = component.cpe.iter();
    Package {
        id: package_id(&component.id),
        name: component.name.clone(),
        version_info: component.version.clone(),
        package_file_name: None,
        supplier: component.supplier.clone(),
        download_location: known(&component.download),
        files_analyzed: false,
        package_verification_code: None,
        checksums: component
            .sha256
            .iter()
            .map(|digest| checksum("SHA256", digest))
            .collect(),
        homepage: component.home.clone(),
        source_info: component.origin.clone(),
        license_concluded: NO_ASSERTION.to_owned(),
        license_declared: known(&component.licence),
        copyright_text: NO_ASSERTION,
        external_refs: purl
            .map(|purl| external("PACKAGE-MANAGER", "purl", purl))
            .chain(cpe.map(|cpe| external("SECURITY", "cpe23Type", cpe)))
            .collect(),
        primary_package_purpose: match component.kind {
            Kind::Program => "APPLICATION",
            Kind::Crate | Kind::Library | Kind::Package => "LIBRARY",
            Kind::Data => "OTHER",
            Kind::Image => "CONTAINER",
        },
    }
}

fn package_id(id: &str) -> String {
    format!("SPDXRef-Package-{id}")
}

fn checksum(algorithm: &'static str, digits: &str) -> Checksum {
    Checksum {
        algorithm,
        checksum_value: digits.to_owned(),
    }
}

fn external(category: &'static str, kind: &'static str, locator: &str) -> ExternalRef {
    ExternalRef {
        reference_category: category,
        reference_type: kind,
        reference_locator: locator.to_owned(),
    }
}

/// The release of SPDX's list of licences, `v3.29.0`, as a document names it: `3.29`.
fn license_list(version: &str) -> Result<String> {
    let mut parts = version.trim_start_matches('v').split('.');
    let both = parts.next().zip(parts.next());
    let (major, minor) = both.with_context(|| format!("`{version}` is no list of licences"))?;
    Ok(format!("{major}.{minor}"))
}

#[cfg(test)]
mod tests;

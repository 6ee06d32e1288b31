//! The SBOM of an artefact: components, relationships and origins of files. The SPDX document and the artefact's
//! licence texts are generated from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use layer::{Content, Digest, FileTree, Mode};

use super::component::{Component, ComponentKind, Relationship, RelationshipType, purl};

/// The artefact's own id in relationships.
pub const ARTEFACT_ID: &str = "artefact";

const FOLDER: &str = "usr/share/licenses";

/// The file with the licences of all crates, and the list of all components and their texts.
const CRATES: &str = "rust-crates.txt";
const INDEX: &str = "index.txt";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sbom {
    pub components: Vec<Component>,
    pub relationships: Vec<Relationship>,
    /// By path on the build machine: the relationship of the file to a component, and the component's id.
    pub file_origins: BTreeMap<PathBuf, (RelationshipType, String)>,
    pub crate_license_text: String,
}

impl Sbom {
    /// Adds a relationship between two ids, of components or [`ARTEFACT_ID`].
    pub fn add_relationship(&mut self, from: &str, relation: RelationshipType, to: &str) {
        self.relationships.push((from.to_owned(), relation, to.to_owned()));
    }

    pub fn add_file_relationship(&mut self, file: &Path, relation: RelationshipType, of: &str) {
        let source = (relation, of.to_owned());
        self.file_origins.insert(file.to_owned(), source);
    }

    /// Adds the base image, whose layers the artefact contains unchanged. Their content is described by the base
    /// image's own SBOM.
    pub fn set_base_image(&mut self, reference: &str, digest: Digest) -> Result<()> {
        // A colon before the last slash belongs to a port.
        let plain = reference.split('@').next().unwrap_or(reference);
        let (path, last) = plain.rsplit_once('/').unwrap_or(("", plain));
        let (name, tag) = match last.split_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (last, None),
        };
        let repository = format!("{path}/{name}");
        let mut qualifiers = vec![("repository_url", repository.trim_start_matches('/'))];
        qualifiers.extend(tag.map(|tag| ("tag", tag)));
        let base = Component {
            version: tag.map(str::to_owned),
            sha256: Some(digest.hex()),
            purl: Some(purl("oci", None, (name, &digest.to_string()), &qualifiers)?),
            ..Component::new(ComponentKind::Image, &format!("base-{name}"), name)
        };
        self.add_relationship(ARTEFACT_ID, RelationshipType::DescendantOf, &base.id);
        self.components.push(base);
        Ok(())
    }

    /// The licence texts of all components as files for an image: one file for all crates, a folder for each other
    /// component, and an index. Equal texts are written once.
    pub fn license_tree(&self) -> Result<FileTree> {
        let is_crate = |component: &&Component| matches!(component.kind, ComponentKind::Crate | ComponentKind::Program);
        let (crates, others): (Vec<_>, Vec<_>) = self.components.iter().partition(is_crate);
        let mut tree = FileTree::new();
        let mut add = |path: &str, text: &str| -> Result<()> {
            let origin = format!("the licences for {path}");
            let content = Content::bytes(&origin, text.as_bytes());
            tree.add(&format!("{FOLDER}/{path}"), content, Mode::Data)?;
            Ok(())
        };
        let mut written: BTreeMap<String, String> = BTreeMap::new();
        let mut index = String::new();
        for component in others {
            if component.kind == ComponentKind::Image {
                continue;
            }
            let license = component.license.as_deref().unwrap_or("see the text");
            index += &format!("{}: {license}\n", component.label());
            for text in &component.license_texts {
                let key = text.comparison_key();
                let path = match written.get(&key) {
                    Some(path) => path.clone(),
                    None => {
                        let path = format!("{}/{}", component.name, text.file);
                        add(&path, &text.text)?;
                        written.insert(key, path.clone());
                        path
                    }
                };
                index += &format!("    {path}\n");
            }
        }
        if !crates.is_empty() {
            add(CRATES, &self.crate_license_text)?;
            index += &format!("{} Rust crates:\n    {CRATES}\n", crates.len());
        }
        add(INDEX, &index)?;
        Ok(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::super::license::LicenseText;
    use super::*;

    fn component(kind: ComponentKind, name: &str, words: &[(&str, &str)]) -> Component {
        let texts = words.iter().map(|(file, text)| LicenseText {
            file: (*file).to_owned(),
            text: (*text).to_owned(),
        });
        Component {
            version: Some("1".to_owned()),
            license: Some("MIT".to_owned()),
            license_texts: texts.collect(),
            ..Component::new(kind, name, name)
        }
    }

    #[test]
    fn base_image_is_identified_by_digest_and_repository() {
        let mut sbom = Sbom::default();
        let digest = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
        sbom.set_base_image("localhost:5000/lambda/provided:al2023", digest)
            .unwrap();
        let base = &sbom.components[0];
        assert_eq!(
            (base.name.as_str(), base.version.as_deref()),
            ("provided", Some("al2023"))
        );
        let purl = base.purl.as_deref().unwrap();
        assert!(purl.starts_with("pkg:oci/provided@sha256"), "{purl}");
        assert!(purl.contains("repository_url=localhost"), "{purl}");
        assert!(purl.ends_with("tag=al2023"), "{purl}");
        let related = (ARTEFACT_ID.to_owned(), RelationshipType::DescendantOf, base.id.clone());
        assert_eq!(sbom.relationships, [related]);
        assert_eq!(sbom.license_tree().unwrap().files().count(), 1, "only the empty list");
    }

    #[test]
    fn license_tree_has_each_text_once_and_an_index() {
        let mut sbom = Sbom::default();
        sbom.components
            .push(component(ComponentKind::Library, "a", &[("LICENSE", "You may.")]));
        sbom.components.push(component(
            ComponentKind::Library,
            "b",
            &[("COPYING", "You\nmay."), ("NOTICE", "B")],
        ));
        sbom.components.push(component(ComponentKind::Crate, "c", &[]));
        sbom.components.push(component(ComponentKind::Program, "d", &[]));
        sbom.crate_license_text = "You may.".to_owned();
        let tree = sbom.license_tree().unwrap();
        let files: BTreeMap<_, _> = tree.files().collect();
        let names: Vec<_> = files.keys().copied().collect();
        let expected = ["a/LICENSE", "b/NOTICE", "index.txt", "rust-crates.txt"];
        assert_eq!(names, expected.map(|name| format!("usr/share/licenses/{name}")));
        let Content::Bytes { bytes, .. } = files["usr/share/licenses/index.txt"] else {
            panic!("the list is a file");
        };
        assert_eq!(
            String::from_utf8_lossy(bytes),
            "a 1: MIT\n    a/LICENSE\nb 1: MIT\n    a/LICENSE\n    b/NOTICE\n\
             2 Rust crates:\n    rust-crates.txt\n"
        );
    }
}

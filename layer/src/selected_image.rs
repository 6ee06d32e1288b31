//! Chooses one image of a layout or an archive that has several, by its tag, name or digest.

use std::collections::BTreeSet;
use std::path::Path;

use oci_spec::image::Descriptor;

use crate::image::{CONTAINERD_NAME_ANNOTATION, REF_NAME_ANNOTATION};
use crate::source::{Blob, Source};
use crate::{Digest, Error, Index, Result, open, source};

/// The shortest beginning of a digest that names an image.
const MIN_DIGEST_LENGTH: usize = 7;

/// Separates the path and the tag of `PATH#TAG`. A file or folder whose name has a `#` is taken as it is.
pub fn split_reference(reference: &str) -> (&Path, Option<&str>) {
    let whole = Path::new(reference);
    match reference.rsplit_once('#') {
        Some((path, tag)) if !whole.exists() && !tag.is_empty() => (Path::new(path), Some(tag)),
        _ => (whole, None),
    }
}

/// Opens the image `tag` of the layout folder or the archive at `path`, or its only image. An image may have several
/// tags. `tag` is one of them, a name, or the beginning of a digest.
///
/// # Errors
/// `path` is neither a layout folder nor an image archive; it has no such image, or several, which the error lists.
pub fn open_image(path: &Path, tag: Option<&str>) -> Result<Box<dyn Source>> {
    let source = open(path)?;
    let Ok(index) = source::index(source.as_ref()) else {
        // Whoever reads the index reports what is wrong with it.
        return Ok(source);
    };
    let entries = index.manifests();
    let chosen: Vec<_> = match tag {
        Some(tag) => entries.iter().filter(|entry| is_called(entry, tag)).collect(),
        None => entries.iter().collect(),
    };
    let display = path.display();
    if let Some(tag) = tag.filter(|_| chosen.is_empty()) {
        let reason = format!("image `{tag}`; it has {}", list(entries.iter()));
        return Err(Error::missing(source.origin(), reason));
    }
    if let Some(example) = second_image(&chosen) {
        return Err(Error::Other(format!(
            "{} has several images: {}. Choose one, for example `{display}#{example}`",
            source.origin(),
            list(chosen.into_iter())
        )));
    }
    // The tags of one image.
    let mut distinct: Vec<Descriptor> = Vec::new();
    for entry in chosen {
        let is_same = |other: &Descriptor| other.digest() == entry.digest() && other.platform() == entry.platform();
        if !distinct.iter().any(is_same) {
            distinct.push(entry.clone());
        }
    }
    if distinct.len() == entries.len() {
        return Ok(source);
    }
    Ok(Box::new(SelectedImage {
        index: Index::new(distinct)?.to_json()?,
        inner: source,
    }))
}

/// The name of another image, if the entries are images of several names. Entries of one name, or without names, are
/// the platforms of one image.
fn second_image(entries: &[&Descriptor]) -> Option<String> {
    let first = entries.iter().find_map(|entry| Some((*entry, names(entry).next()?)));
    let (first, name) = first?;
    let is_other = |entry: &Descriptor| {
        let mut names = names(entry).peekable();
        entry.digest() != first.digest() && names.peek().is_some() && !names.any(|other| other == name)
    };
    let other = entries.iter().find(|entry| is_other(entry))?;
    names(other).next().map(|name| short_name(name).to_owned())
}

/// The names of an entry of an index: the whole one first, and then the tag.
fn names(entry: &Descriptor) -> impl Iterator<Item = &str> {
    let annotations = entry.annotations().as_ref();
    let keys = [CONTAINERD_NAME_ANNOTATION, REF_NAME_ANNOTATION];
    keys.into_iter()
        .filter_map(move |key| annotations?.get(key).map(String::as_str))
}

/// The name as Docker and podman accept it.
fn short_name(name: &str) -> &str {
    let prefixes = ["docker.io/library/", "docker.io/", "localhost/"];
    let mut short = prefixes.iter().filter_map(|prefix| name.strip_prefix(prefix));
    short.next().unwrap_or(name)
}

fn is_called(entry: &Descriptor, tag: &str) -> bool {
    let digest = entry.digest().to_string();
    let digest = digest.strip_prefix("sha256:").unwrap_or(&digest);
    let wanted = tag.strip_prefix("sha256:").unwrap_or(tag);
    let by_name = |name: &str| {
        let short = short_name(name);
        let latest = short.strip_suffix(":latest");
        let own_tag = short
            .rsplit_once(':')
            .map(|(_, tag)| tag)
            .filter(|tag| !tag.contains('/'));
        name == tag || short == tag || latest == Some(tag) || own_tag == Some(tag)
    };
    names(entry).any(by_name) || (wanted.len() >= MIN_DIGEST_LENGTH && digest.starts_with(wanted))
}

fn list<'a>(entries: impl Iterator<Item = &'a Descriptor>) -> String {
    let label = |entry: &Descriptor| {
        let name = names(entry).next().map(|name| short_name(name).to_owned());
        format!("`{}`", name.unwrap_or_else(|| entry.digest().to_string()))
    };
    let labels: BTreeSet<_> = entries.map(label).collect();
    match labels.is_empty() {
        true => "no image".to_owned(),
        false => Vec::from_iter(labels).join(", "),
    }
}

/// A source of which only one image is visible.
struct SelectedImage {
    inner: Box<dyn Source>,
    index: Vec<u8>,
}

impl Source for SelectedImage {
    fn origin(&self) -> &str {
        self.inner.origin()
    }

    fn index(&self) -> Result<Vec<u8>> {
        Ok(self.index.clone())
    }

    fn blob(&self, digest: &Digest) -> Result<Blob<'_>> {
        self.inner.blob(digest)
    }

    /// None, because the blobs of the other images are not this one's.
    fn blob_names(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests;

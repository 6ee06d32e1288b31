//! Manifests: a tag or a digest goes in; the document that it names comes out, never longer than
//! [`LONGEST`], with the digest that was asked for, and read as an image or as an index of them.

use layer::Digest;
use oci_spec::image::Descriptor;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use serde::Deserialize;

use super::{Result, Session};

/// The longest manifest: what registries have to take, by the specification.
pub(crate) const LONGEST: u64 = 4 << 20;

const IMAGES: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// The header in which registries say the digest of a manifest.
pub(crate) const DIGEST: &str = "docker-content-digest";

pub(crate) struct Manifest {
    pub digest: Digest,
    pub media_type: String,
    pub bytes: Vec<u8>,
    pub kind: Kind,
}

pub(crate) enum Kind {
    /// The blobs of an image, its configuration first.
    Image(Vec<Entry>),
    Index(Vec<Entry>),
}

/// A descriptor whose digest is one by SHA-256.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub digest: Digest,
    pub descriptor: Descriptor,
}

impl Entry {
    pub fn size(&self) -> u64 {
        self.descriptor.size()
    }
}

impl TryFrom<Descriptor> for Entry {
    type Error = layer::Error;

    fn try_from(descriptor: Descriptor) -> Result<Self, layer::Error> {
        Ok(Self {
            digest: (&descriptor).try_into()?,
            descriptor,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: Option<u32>,
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

/// What asks for a manifest accepts.
pub(crate) fn accepted() -> String {
    [IMAGES, INDEXES].concat().join(", ")
}

pub(crate) async fn fetch(session: &Session<'_>, version: &str) -> Result<Manifest> {
    let what = format!("manifest {version}");
    let (headers, bytes) = session
        .patiently(async || {
            let address = session.remote.address(&format!("manifests/{version}"));
            let asked = session.send(&what, |http| http.get(&address).header(ACCEPT, accepted()));
            let response = asked.await?;
            let headers = response.headers().clone();
            Ok((headers, session.document(&what, response, LONGEST).await?))
        })
        .await?;
    let digest = Digest::of(&bytes);
    let wanted = version.parse::<Digest>().ok();
    // A tag's digest is known from the registry alone, if at all.
    if let Some(wanted) = wanted.or_else(|| said_digest(&headers))
        && wanted != digest
    {
        return Err(session.remote.lied(&what, wanted, digest));
    }
    let sent_as = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let sent_as = sent_as.map(|text| text.split(';').next().unwrap_or(text).trim());
    let understood = understand(&bytes, sent_as);
    let (media_type, kind) = understood.map_err(|reason| session.unusable(&what, reason))?;
    Ok(Manifest {
        digest,
        media_type,
        bytes,
        kind,
    })
}

/// The digest that a registry says a manifest has, if it is one that can be compared.
pub(crate) fn said_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get(DIGEST)?.to_str().ok()?.parse().ok()
}

/// What a manifest is and lists. One that could be read as an image and as an index is neither:
/// see <https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh>.
pub(crate) fn understand(bytes: &[u8], sent_as: Option<&str>) -> Result<(String, Kind), String> {
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| format!("it is no manifest: {error}"))?;
    if document.schema_version != Some(2) {
        return Err("it is of a schema that is not 2".into());
    }
    if let (Some(said), Some(sent_as)) = (document.media_type.as_deref(), sent_as)
        && said != sent_as
    {
        return Err(format!(
            "it is sent as {sent_as:?} and calls itself {said:?}"
        ));
    }
    let media_type = document.media_type.or(sent_as.map(str::to_owned));
    let media_type = media_type.ok_or("it has no media type")?;
    let entries = |descriptors: Vec<Descriptor>| {
        let entries = descriptors.into_iter().map(Entry::try_from);
        let entries: Result<Vec<_>, _> = entries.collect();
        entries.map_err(|error| error.to_string())
    };
    let kind = match (document.config, document.layers, document.manifests) {
        (Some(config), Some(layers), None) if IMAGES.contains(&media_type.as_str()) => {
            Kind::Image(entries([vec![config], layers].concat())?)
        }
        (None, None, Some(manifests)) if INDEXES.contains(&media_type.as_str()) => {
            Kind::Index(entries(manifests)?)
        }
        _ => {
            return Err(format!(
                "as {media_type:?} it is neither an image nor an index of images"
            ));
        }
    };
    Ok((media_type, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn entry() -> Value {
        json!({"mediaType": "x", "digest": Digest::of(b""), "size": 0})
    }

    fn read(document: &Value, sent_as: Option<&str>) -> Result<Kind, String> {
        understand(document.to_string().as_bytes(), sent_as).map(|(_, kind)| kind)
    }

    #[test]
    fn all_four_kinds_are_read() {
        for kind in IMAGES {
            let document = json!({"schemaVersion": 2, "mediaType": kind,
                "config": entry(), "layers": [entry(), entry()]});
            assert!(matches!(read(&document, Some(kind)), Ok(Kind::Image(all)) if all.len() == 3));
            assert!(read(&document, None).is_ok());
        }
        for kind in INDEXES {
            let document = json!({"schemaVersion": 2, "manifests": [entry()]});
            assert!(matches!(read(&document, Some(kind)), Ok(Kind::Index(all)) if all.len() == 1));
        }
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        let (image, index) = (IMAGES[0], INDEXES[0]);
        let both = json!({"schemaVersion": 2, "mediaType": image,
            "config": entry(), "layers": [], "manifests": []});
        let mut path = entry();
        path["digest"] = "sha256:../../../etc/passwd".into();
        let mut other = entry();
        other["digest"] = format!("sha512:{}", "0".repeat(128)).into();
        let mut negative = entry();
        negative["size"] = (-1).into();
        let bad = [
            (both.clone(), image),
            (both, index),
            (
                json!({"schemaVersion": 2, "mediaType": index, "config": entry(), "layers": []}),
                index,
            ),
            (
                json!({"schemaVersion": 2, "mediaType": image, "manifests": []}),
                image,
            ),
            (
                json!({"schemaVersion": 2, "config": entry(), "layers": []}),
                index,
            ),
            (
                json!({"schemaVersion": 2, "config": entry(), "layers": []}),
                "text/plain",
            ),
            (
                json!({"schemaVersion": 1, "config": entry(), "layers": []}),
                image,
            ),
            (json!({"schemaVersion": 2, "layers": []}), image),
            (
                json!({"schemaVersion": 2, "config": entry(), "layers": [path]}),
                image,
            ),
            (
                json!({"schemaVersion": 2, "config": entry(), "layers": [other]}),
                image,
            ),
            (
                json!({"schemaVersion": 2, "config": negative, "layers": []}),
                image,
            ),
            (json!([]), image),
        ];
        for (document, sent_as) in bad {
            assert!(
                read(&document, Some(sent_as)).is_err(),
                "{document} as {sent_as}"
            );
        }
    }
}

//! Fetches and parses manifests of images and indexes, verified by their digest and limited to [`MAX_MANIFEST_SIZE`].

use layer::Digest;
use oci_spec::image::Descriptor;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use serde::Deserialize;

use super::{Result, Session};

/// The maximum size in bytes. The specification requires registries to accept manifests of this size.
pub(crate) const MAX_MANIFEST_SIZE: u64 = 4 << 20;

const IMAGE_MEDIA_TYPES: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
const INDEX_MEDIA_TYPES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

pub(crate) const DIGEST_HEADER: &str = "docker-content-digest";

pub(crate) struct Manifest {
    pub digest: Digest,
    pub media_type: String,
    pub bytes: Vec<u8>,
    pub kind: ManifestKind,
}

pub(crate) enum ManifestKind {
    /// The blobs of an image, the configuration first.
    Image(Vec<BlobDescriptor>),
    Index(Vec<BlobDescriptor>),
}

/// A descriptor whose digest is known to be SHA-256.
#[derive(Clone, Debug)]
pub(crate) struct BlobDescriptor {
    pub digest: Digest,
    pub descriptor: Descriptor,
}

impl BlobDescriptor {
    pub fn size(&self) -> u64 {
        self.descriptor.size()
    }
}

impl TryFrom<Descriptor> for BlobDescriptor {
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
struct RawManifest {
    schema_version: Option<u32>,
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

pub(crate) fn accept_header() -> String {
    [IMAGE_MEDIA_TYPES, INDEX_MEDIA_TYPES].concat().join(", ")
}

pub(crate) async fn fetch(session: &Session<'_>, version: &str) -> Result<Manifest> {
    let what = format!("manifest {version}");
    let (headers, bytes) = session
        .with_retries(async || {
            let request = session.send(&what, |http| {
                let request = http.get(session.url(&format!("manifests/{version}")));
                request.header(ACCEPT, accept_header())
            });
            let response = request.await?;
            let headers = response.headers().clone();
            Ok((headers, session.read_body(&what, response, MAX_MANIFEST_SIZE).await?))
        })
        .await?;
    let digest = Digest::of(&bytes);
    let wanted = version.parse::<Digest>().ok();
    // For a tag, only the registry can give the digest, and the header is optional.
    if let Some(wanted) = wanted.or_else(|| header_digest(&headers))
        && wanted != digest
    {
        return Err(session.image.digest_mismatch(&what, wanted, digest));
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.map(|text| text.split(';').next().unwrap_or(text).trim());
    let understood = parse_manifest(&bytes, content_type);
    let (media_type, kind) = understood.map_err(|reason| session.invalid_response(&what, reason))?;
    Ok(Manifest {
        digest,
        media_type,
        bytes,
        kind,
    })
}

/// The digest of a manifest in a response's headers, if it is a SHA-256 digest.
pub(crate) fn header_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get(DIGEST_HEADER)?.to_str().ok()?.parse().ok()
}

/// Returns the media type and the descriptors. Refuses documents that could be read both as an image and as an index:
/// see <https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh>.
pub(crate) fn parse_manifest(bytes: &[u8], content_type: Option<&str>) -> Result<(String, ManifestKind), String> {
    let document: RawManifest =
        serde_json::from_slice(bytes).map_err(|error| format!("it is not a manifest: {error}"))?;
    if document.schema_version != Some(2) {
        return Err("its schema version is not 2".into());
    }
    if let (Some(declared), Some(content_type)) = (document.media_type.as_deref(), content_type)
        && declared != content_type
    {
        return Err(format!("it is sent as {content_type:?} but declares {declared:?}"));
    }
    let media_type = document.media_type.or(content_type.map(str::to_owned));
    let media_type = media_type.ok_or("it has no media type")?;
    let entries = |descriptors: Vec<Descriptor>| {
        let entries = descriptors.into_iter().map(BlobDescriptor::try_from);
        let entries: Result<Vec<_>, _> = entries.collect();
        entries.map_err(|error| error.to_string())
    };
    let kind = match (document.config, document.layers, document.manifests) {
        (Some(config), Some(layers), None) if IMAGE_MEDIA_TYPES.contains(&media_type.as_str()) => {
            ManifestKind::Image(entries([vec![config], layers].concat())?)
        }
        (None, None, Some(manifests)) if INDEX_MEDIA_TYPES.contains(&media_type.as_str()) => {
            ManifestKind::Index(entries(manifests)?)
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

    fn read(document: &Value, content_type: Option<&str>) -> Result<ManifestKind, String> {
        parse_manifest(document.to_string().as_bytes(), content_type).map(|(_, kind)| kind)
    }

    #[test]
    fn oci_and_docker_images_and_indexes_are_parsed() {
        for kind in IMAGE_MEDIA_TYPES {
            let document = json!({"schemaVersion": 2, "mediaType": kind,
                "config": entry(), "layers": [entry(), entry()]});
            assert!(matches!(read(&document, Some(kind)), Ok(ManifestKind::Image(all)) if all.len() == 3));
            assert!(read(&document, None).is_ok());
        }
        for kind in INDEX_MEDIA_TYPES {
            let document = json!({"schemaVersion": 2, "manifests": [entry()]});
            assert!(matches!(read(&document, Some(kind)), Ok(ManifestKind::Index(all)) if all.len() == 1));
        }
    }

    #[test]
    fn ambiguous_manifests_are_rejected() {
        let (image, index) = (IMAGE_MEDIA_TYPES[0], INDEX_MEDIA_TYPES[0]);
        let ambiguous = json!({"schemaVersion": 2, "mediaType": image,
            "config": entry(), "layers": [], "manifests": []});
        let mut path = entry();
        path["digest"] = "sha256:../../../etc/passwd".into();
        let mut other = entry();
        other["digest"] = format!("sha512:{}", "0".repeat(128)).into();
        let mut negative = entry();
        negative["size"] = (-1).into();
        let bad = [
            (ambiguous.clone(), image),
            (ambiguous, index),
            (
                json!({"schemaVersion": 2, "mediaType": index, "config": entry(), "layers": []}),
                index,
            ),
            (json!({"schemaVersion": 2, "mediaType": image, "manifests": []}), image),
            (json!({"schemaVersion": 2, "config": entry(), "layers": []}), index),
            (
                json!({"schemaVersion": 2, "config": entry(), "layers": []}),
                "text/plain",
            ),
            (json!({"schemaVersion": 1, "config": entry(), "layers": []}), image),
            (json!({"schemaVersion": 2, "layers": []}), image),
            (json!({"schemaVersion": 2, "config": entry(), "layers": [path]}), image),
            (json!({"schemaVersion": 2, "config": entry(), "layers": [other]}), image),
            (json!({"schemaVersion": 2, "config": negative, "layers": []}), image),
            (json!([]), image),
        ];
        for (document, content_type) in bad {
            assert!(
                read(&document, Some(content_type)).is_err(),
                "{document} as {content_type}"
            );
        }
    }
}

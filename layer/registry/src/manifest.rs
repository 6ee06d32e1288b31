//! Fetches and parses manifests of images and indexes, verified by their digest and limited to [`MAX_MANIFEST_SIZE`].

use layer::Digest;
use oci_spec::image::Descriptor;
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
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

/// What servers send that do not know the type of a file.
const UNSPECIFIC_MEDIA_TYPES: [&str; 3] = ["application/json", "application/octet-stream", "text/plain"];

/// Types of an image's configuration. Docker 1.9 and older pushed the last one.
const CONFIG_MEDIA_TYPES: [&str; 3] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "application/octet-stream",
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

impl Manifest {
    /// The type of the configuration, if it is not that of an image. Such manifests are of Helm charts, signatures and
    /// other artefacts.
    pub fn artefact_type(&self) -> Option<String> {
        let ManifestKind::Image(blobs) = &self.kind else {
            return None;
        };
        let found = blobs.first()?.descriptor.media_type().to_string();
        (!CONFIG_MEDIA_TYPES.contains(&found.as_str())).then_some(found)
    }
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
        let what = with_encoding(what, &headers);
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

/// Adds the encoding of a response to the name of its content. Nobody asks for an encoding, so one that a proxy adds
/// explains another digest.
pub(crate) fn with_encoding(what: String, headers: &HeaderMap) -> String {
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) => format!("{what} (Content-Encoding: {encoding:?})"),
        None => what,
    }
}

/// The digest of a manifest in a response's headers, if it is a SHA-256 digest.
pub(crate) fn header_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get(DIGEST_HEADER)?.to_str().ok()?.parse().ok()
}

/// Returns the media type and the descriptors. Refuses documents that could be read both as an image and as an index:
/// see <https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh>.
pub(crate) fn parse_manifest(bytes: &[u8], content_type: Option<&str>) -> Result<(String, ManifestKind), String> {
    let document: RawManifest = serde_json::from_slice(bytes).map_err(|error| {
        let sent = content_type.map(|content_type| format!(", and is sent as {content_type:?}"));
        format!("it is not a manifest{}: {error}", sent.unwrap_or_default())
    })?;
    match document.schema_version {
        Some(2) => {}
        Some(1) => {
            return Err(
                "it is of Docker's schema 1, which Lambda does not accept; push the image again with a \
                        current tool"
                    .into(),
            );
        }
        _ => return Err("its schema version is not 2".into()),
    }
    let content_type = content_type.filter(|content_type| !UNSPECIFIC_MEDIA_TYPES.contains(content_type));
    if let (Some(declared), Some(content_type)) = (document.media_type.as_deref(), content_type)
        && declared != content_type
    {
        return Err(format!("it is sent as {content_type:?} but declares {declared:?}"));
    }
    let entries = |descriptors: Vec<Descriptor>| {
        let entries = descriptors.into_iter().map(BlobDescriptor::try_from);
        let entries: Result<Vec<_>, _> = entries.collect();
        entries.map_err(|error| error.to_string())
    };
    let (permitted, kind) = match (document.config, document.layers, document.manifests) {
        (Some(config), Some(layers), None) => {
            let blobs = entries([vec![config], layers].concat())?;
            (IMAGE_MEDIA_TYPES, ManifestKind::Image(blobs))
        }
        (None, None, Some(manifests)) => (INDEX_MEDIA_TYPES, ManifestKind::Index(entries(manifests)?)),
        _ => return Err("it is neither an image nor an index of images".into()),
    };
    // Only OCI's documents need not declare a type.
    let media_type = document.media_type.as_deref().or(content_type);
    let media_type = media_type.unwrap_or(permitted[0]);
    match permitted.contains(&media_type) {
        true => Ok((media_type.to_owned(), kind)),
        false => Err(format!("its content is not of its type {media_type:?}")),
    }
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
        // Files of a web server that does not know their type.
        for content_type in [None, Some("application/json"), Some("text/plain")] {
            let image = json!({"schemaVersion": 2, "config": entry(), "layers": []});
            assert!(matches!(read(&image, content_type), Ok(ManifestKind::Image(_))));
            let mut docker = image.clone();
            docker["mediaType"] = IMAGE_MEDIA_TYPES[1].into();
            let parsed = parse_manifest(docker.to_string().as_bytes(), content_type);
            assert_eq!(parsed.unwrap().0, IMAGE_MEDIA_TYPES[1]);
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
                "text/html",
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
        let refused = |text: &str| parse_manifest(text.as_bytes(), Some("text/html")).err().unwrap();
        assert!(refused("<html>").contains("is sent as \"text/html\""));
        assert!(refused("{\"schemaVersion\": 1}").contains("schema 1"));
    }
}

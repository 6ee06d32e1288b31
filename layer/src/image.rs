//! An image with its layers, configuration and manifest, either written by this crate or read from a source. The fields
//! are specified in <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md>.

use std::collections::HashMap;

use oci_spec::image::{Descriptor, ImageConfiguration, ImageManifest, MediaType};

use crate::document::{canonical_json, descriptor, descriptor_digest, parse};
use crate::manifest::{configuration, layer_history, manifest};
use crate::scan::read_layer;
use crate::source::{Source, document};
use crate::timestamp::rfc3339;
use crate::{Digest, Error, ImageConfig, Layer, Result, TargetArchitecture};

/// An image whose layers have been written or verified.
#[derive(Clone, Debug)]
pub struct Image {
    name: String,
    layers: Vec<Layer>,
    pub(crate) documents: Documents,
}

#[derive(Clone, Debug)]
pub(crate) struct Documents {
    pub(crate) config_bytes: Vec<u8>,
    pub(crate) config: ImageConfiguration,
    pub(crate) manifest_bytes: Vec<u8>,
    pub(crate) manifest: ImageManifest,
}

impl Documents {
    /// Reads both documents, and verifies their digests and sizes.
    pub(crate) fn read(source: &dyn Source, image: &Descriptor) -> Result<Self> {
        let origin = source.origin();
        let manifest_bytes = document(source, "manifest", image)?;
        let manifest: ImageManifest = parse(origin, "manifest", &manifest_bytes)?;
        let config_bytes = document(source, "configuration", manifest.config())?;
        let config = parse(origin, "configuration", &config_bytes)?;
        Ok(Self {
            config_bytes,
            config,
            manifest_bytes,
            manifest,
        })
    }
}

#[expect(missing_docs, reason = "the names are self-explanatory")]
impl Image {
    /// The image of the layers `own` on top of those of `base`, created at `time` (in seconds since 1970).
    pub(crate) fn new(config: &ImageConfig, base: Option<&Self>, own: &[Layer], time: u64) -> Result<Self> {
        let created = rfc3339(time)?;
        let mut layers = base.map_or(Vec::new(), |base| base.layers.clone());
        layers.extend_from_slice(own);
        let below = base.map(|base| &base.documents.config);
        let configuration = configuration(config, below, &layers, own, &created)?;
        let config_bytes = canonical_json(&configuration)?;
        let manifest = manifest(&config_bytes, &config.annotations, &layers, &created)?;
        Ok(Self {
            name: config.name.clone(),
            layers,
            documents: Documents {
                manifest_bytes: canonical_json(&manifest)?,
                config: configuration,
                config_bytes,
                manifest,
            },
        })
    }

    /// Reads an image of `source` with all of its layers, and verifies every digest and size.
    pub fn read(source: &dyn Source, image: &Descriptor) -> Result<Self> {
        let origin = source.origin();
        let documents = Documents::read(source, image)?;
        let descriptors = documents.manifest.layers();
        let ids = documents.config.rootfs().diff_ids();
        if ids.len() != descriptors.len() {
            let (ids, layers) = (ids.len(), descriptors.len());
            let reason = format!("its configuration has {ids} layers, its manifest {layers}");
            return Err(Error::damaged(origin, reason));
        }
        let created_by = layer_history(&documents.config).map(|entry| entry.created_by().clone());
        let created_by: Vec<_> = created_by.collect();
        let mut created_by = created_by.into_iter();
        let mut layers = Vec::new();
        for (descriptor, diff_id) in descriptors.iter().zip(ids) {
            let scanned = read_layer(source, descriptor, &mut |_, _| Ok(()))?;
            if scanned.diff_id.to_string() != *diff_id {
                let digest = descriptor_digest(origin, descriptor)?;
                let reason = format!("the content of its layer {digest} is not {diff_id}");
                return Err(Error::damaged(origin, reason));
            }
            layers.push(Layer {
                created_by: created_by.next().flatten().unwrap_or_default(),
                ..scanned
            });
        }
        Ok(Self {
            name: image_name(image).unwrap_or_default(),
            layers,
            documents,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The layers, the lowest first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The digest of the manifest, which identifies the image in registries and on Lambda.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.documents.manifest_bytes)
    }

    pub fn architecture(&self) -> TargetArchitecture {
        self.documents.config.architecture().into()
    }

    pub fn manifest(&self) -> &[u8] {
        &self.documents.manifest_bytes
    }

    pub fn config(&self) -> &[u8] {
        &self.documents.config_bytes
    }

    /// The size in a registry: all blobs and the manifest.
    pub fn compressed_bytes(&self) -> u64 {
        let layers: u64 = self.layers.iter().map(|layer| layer.compressed_bytes).sum();
        layers + (self.config().len() + self.manifest().len()) as u64
    }

    /// The size of all files on disk.
    pub fn uncompressed_bytes(&self) -> u64 {
        self.layers.iter().map(|layer| layer.uncompressed_bytes).sum()
    }

    /// The entry for a layout's index, which gives the image the name `reference`.
    pub(crate) fn descriptor(&self, reference: &str) -> Result<Descriptor> {
        let tag = reference.rsplit_once(':').map_or("latest", |(_, tag)| tag);
        let annotations = HashMap::from([
            (REF_NAME_ANNOTATION.to_owned(), tag.to_owned()),
            (
                CONTAINERD_NAME_ANNOTATION.to_owned(),
                format!("docker.io/library/{reference}"),
            ),
        ]);
        let size = self.manifest().len() as u64;
        let mut described = descriptor(MediaType::ImageManifest, &self.digest(), size)?;
        described.set_annotations(Some(annotations));
        Ok(described)
    }
}

/// The tag, and in archives of some tools the whole name.
pub(crate) const REF_NAME_ANNOTATION: &str = "org.opencontainers.image.ref.name";
pub(crate) const CONTAINERD_NAME_ANNOTATION: &str = "io.containerd.image.name";

/// The image's name in an entry of an index, without registry and tag.
fn image_name(entry: &Descriptor) -> Option<String> {
    let name = entry.annotations().as_ref()?.get(CONTAINERD_NAME_ANNOTATION)?;
    let last = name.rsplit('/').next()?;
    Some(last.split(':').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Architecture;

    fn layer(text: &str) -> Layer {
        Layer {
            digest: Digest::of(text.as_bytes()),
            diff_id: Digest::of(b"tar"),
            compressed_bytes: 4,
            uncompressed_bytes: 3,
            created_by: text.to_owned(),
        }
    }

    fn config() -> ImageConfig {
        ImageConfig {
            entrypoint: vec!["/var/task/bootstrap".into()],
            annotations: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            ..ImageConfig::new("f", Architecture::Aarch64)
        }
    }

    #[test]
    fn documents_have_what_lambda_checks() {
        let image = Image::new(&config(), None, &[layer("one"), layer("two")], 0).unwrap();
        let value: serde_json::Value = serde_json::from_slice(image.config()).unwrap();
        assert_eq!(value["architecture"], "arm64");
        assert_eq!(value["os"], "linux");
        assert_eq!(value["config"]["Entrypoint"][0], "/var/task/bootstrap");
        assert_eq!(value["history"].as_array().unwrap().len(), 2);
        assert_eq!(value["rootfs"]["diff_ids"][0], Digest::of(b"tar").to_string());
        let value: serde_json::Value = serde_json::from_slice(image.manifest()).unwrap();
        let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
        assert_eq!(value["layers"][1]["mediaType"], kind);
        let digest = Digest::of(image.config()).to_string();
        assert_eq!(value["config"]["digest"], digest);
        assert_eq!(value["annotations"]["a"], "b");
        assert_eq!(image.digest(), Digest::of(image.manifest()));
    }

    #[test]
    fn unset_config_is_inherited_from_the_base() {
        let base = ImageConfig {
            user: Some("99".into()),
            working_dir: Some("/base".into()),
            ..config()
        };
        let mut base = Image::new(&base, None, &[layer("below")], 0).unwrap();
        let mut run = base.documents.config.config().clone().unwrap();
        run.set_env(Some(vec!["A=b".into(), "C=d".into()]));
        run.set_cmd(Some(vec!["an argument".into()]));
        base.documents.config.set_config(Some(run));
        // A base need not have a history entry for each layer.
        base.documents.config.set_history(None);

        let own = ImageConfig {
            working_dir: Some("/var/task".into()),
            environment: [("C".to_owned(), "e=f".to_owned()), ("B".to_owned(), String::new())].into(),
            ..config()
        };
        let image = Image::new(&own, Some(&base), &[layer("own")], 0).unwrap();
        let value: serde_json::Value = serde_json::from_slice(image.config()).unwrap();
        assert_eq!(value["config"]["Env"], serde_json::json!(["A=b", "B=", "C=e=f"]));
        assert_eq!(value["config"]["User"], "99");
        assert_eq!(value["config"]["WorkingDir"], "/var/task");
        assert_eq!(value["config"]["Cmd"], serde_json::Value::Null);
        assert_eq!(value["history"].as_array().unwrap().len(), 2);
        assert_eq!(value["history"][1]["created_by"], "own");
        assert_eq!(image.layers()[0].created_by, "below");
    }
}

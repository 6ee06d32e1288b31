//! An image: its layers, its configuration and the manifest that binds them, as the documents of
//! the OCI image specification. Source of every field's meaning:
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md>.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, DescriptorBuilder, HistoryBuilder, ImageConfigurationBuilder,
    ImageManifestBuilder, MediaType, Os, RootFsBuilder, Sha256Digest,
};
use serde::Serialize;

use crate::digest::{digits, of};
use crate::{Error, Layer, Result};

/// What an image is and how it is started.
#[derive(Clone, Debug)]
pub struct ImageConfig {
    /// Its name, without a tag.
    pub name: String,
    /// Its processor, as rustc names it.
    pub architecture: String,
    /// The program and its arguments.
    pub entrypoint: Vec<String>,
    /// The user that it runs as where nothing else is said; Lambda has one of its own.
    pub user: Option<String>,
    /// The folder that it starts in.
    pub working_folder: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

impl ImageConfig {
    /// An image that starts nothing.
    pub fn new(name: &str, architecture: &str) -> Self {
        Self {
            name: name.to_owned(),
            architecture: architecture.to_owned(),
            entrypoint: Vec::new(),
            user: None,
            working_folder: None,
            labels: BTreeMap::new(),
        }
    }
}

/// An image with its documents written.
#[derive(Clone, Debug)]
pub struct Image {
    name: String,
    layers: Vec<Layer>,
    digest: String,
    pub(crate) config: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
}

impl Image {
    /// The image of `layers`, created at `time`, in seconds since 1970.
    pub(crate) fn new(config: &ImageConfig, layers: Vec<Layer>, time: u64) -> Result<Self> {
        let document = |document| {
            move |reason: oci_spec::OciSpecError| Error::Document {
                document,
                reason: reason.to_string(),
            }
        };
        let created = rfc3339(time);
        let written =
            configuration(config, &layers, &created).map_err(document("configuration"))?;
        let written = canonical(&written)?;
        let manifest = manifest(&written, &layers, &created).map_err(document("manifest"))?;
        let manifest = canonical(&manifest)?;
        Ok(Self {
            name: config.name.clone(),
            layers,
            digest: of(&manifest),
            config: written,
            manifest,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its layers, the lowest first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The digest of its manifest, by which registries and Lambda know it.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What a registry stores: every blob and the manifest.
    pub fn packed_bytes(&self) -> u64 {
        let layers: u64 = self.layers.iter().map(|layer| layer.packed_bytes).sum();
        layers + (self.config.len() + self.manifest.len()) as u64
    }

    /// What lies on disk when it runs.
    pub fn unpacked_bytes(&self) -> u64 {
        self.layers.iter().map(|layer| layer.unpacked_bytes).sum()
    }

    /// The name and tag that an image has unless another one is asked for.
    pub fn reference(&self) -> String {
        format!("{}:latest", self.name)
    }

    /// The one entry of a layout's index, which names the image `reference`.
    pub(crate) fn descriptor(&self, reference: &str) -> Result<Descriptor> {
        let tag = reference.rsplit_once(':').map_or("latest", |(_, tag)| tag);
        let annotations = HashMap::from([
            (
                "org.opencontainers.image.ref.name".to_owned(),
                tag.to_owned(),
            ),
            (
                "io.containerd.image.name".to_owned(),
                format!("docker.io/library/{reference}"),
            ),
        ]);
        let described = descriptor(MediaType::ImageManifest, &self.digest, self.manifest.len());
        let mut described = described.map_err(|error| Error::Document {
            document: "index",
            reason: error.to_string(),
        })?;
        described.set_annotations(Some(annotations));
        Ok(described)
    }
}

fn configuration(
    config: &ImageConfig,
    layers: &[Layer],
    created: &str,
) -> oci_spec::Result<oci_spec::image::ImageConfiguration> {
    let mut run = ConfigBuilder::default();
    if !config.entrypoint.is_empty() {
        run = run.entrypoint(config.entrypoint.clone());
    }
    if let Some(user) = &config.user {
        run = run.user(user);
    }
    if let Some(folder) = &config.working_folder {
        run = run.working_dir(folder);
    }
    if !config.labels.is_empty() {
        run = run.labels(config.labels.clone().into_iter().collect::<HashMap<_, _>>());
    }
    // Lambda wants one entry for each layer.
    let history = layers.iter().map(|layer| {
        let entry = HistoryBuilder::default().created(created);
        entry.created_by(&layer.created_by).build()
    });
    let diff_ids: Vec<_> = layers.iter().map(|layer| layer.diff_id.clone()).collect();
    let root = RootFsBuilder::default().typ("layers").diff_ids(diff_ids);
    ImageConfigurationBuilder::default()
        .created(created)
        .architecture(architecture(&config.architecture))
        .os(Os::Linux)
        .config(run.build()?)
        .rootfs(root.build()?)
        .history(history.collect::<Result<Vec<_>, _>>()?)
        .build()
}

fn manifest(
    config: &[u8],
    layers: &[Layer],
    created: &str,
) -> oci_spec::Result<oci_spec::image::ImageManifest> {
    let layers = layers.iter().map(|layer| {
        let size = usize::try_from(layer.packed_bytes).unwrap_or(usize::MAX);
        descriptor(MediaType::ImageLayerGzip, &layer.digest, size)
    });
    let created = (
        "org.opencontainers.image.created".to_owned(),
        created.to_owned(),
    );
    ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(
            MediaType::ImageConfig,
            &of(config),
            config.len(),
        )?)
        .layers(layers.collect::<Result<Vec<_>, _>>()?)
        .annotations(HashMap::from([created]))
        .build()
}

fn descriptor(kind: MediaType, digest: &str, size: usize) -> oci_spec::Result<Descriptor> {
    DescriptorBuilder::default()
        .media_type(kind)
        .digest(Sha256Digest::from_str(digits(digest))?)
        .size(size as u64)
        .build()
}

/// Go's name of an architecture, which OCI uses.
fn architecture(name: &str) -> Arch {
    match name {
        "x86_64" => Arch::Amd64,
        "aarch64" => Arch::ARM64,
        other => Arch::Other(other.to_owned()),
    }
}

/// JSON with its keys sorted: the crate's types keep some of them in hash maps, whose order
/// changes from run to run.
pub(crate) fn canonical(document: &impl Serialize) -> Result<Vec<u8>> {
    let sorted = serde_json::to_value(document).and_then(|value| serde_json::to_vec(&value));
    sorted.map_err(|error| Error::Document {
        document: "JSON",
        reason: error.to_string(),
    })
}

/// A time in seconds since 1970 as RFC 3339 writes it, in UTC. The date is computed from days by
/// the method of <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn rfc3339(time: u64) -> String {
    let (days, seconds) = (time / 86_400, time % 86_400);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_dates() {
        // Compared with `date -u -d @N +%FT%TZ`.
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(rfc3339(1_735_689_599), "2024-12-31T23:59:59Z");
    }

    #[test]
    fn documents_say_what_lambda_checks() {
        let layer = Layer {
            digest: of(b"blob"),
            diff_id: of(b"tar"),
            packed_bytes: 4,
            unpacked_bytes: 3,
            created_by: "test".into(),
        };
        let config = ImageConfig {
            entrypoint: vec!["/var/task/bootstrap".into()],
            ..ImageConfig::new("f", "aarch64")
        };
        let image = Image::new(&config, vec![layer.clone(), layer], 0).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&image.config).unwrap();
        assert_eq!(value["architecture"], "arm64");
        assert_eq!(value["os"], "linux");
        assert_eq!(value["config"]["Entrypoint"][0], "/var/task/bootstrap");
        assert_eq!(value["history"].as_array().unwrap().len(), 2);
        assert_eq!(value["rootfs"]["diff_ids"][0], of(b"tar"));
        let value: serde_json::Value = serde_json::from_slice(&image.manifest).unwrap();
        let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
        assert_eq!(value["layers"][1]["mediaType"], kind);
        assert_eq!(value["config"]["digest"], of(&image.config));
        assert_eq!(image.digest(), of(&image.manifest));
    }
}

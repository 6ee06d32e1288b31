//! Creates an image's configuration and manifest from an [`ImageConfig`], the base's configuration and the layers.

use std::collections::{BTreeMap, HashMap};

use oci_spec::image::{
    Arch, Config, History, HistoryBuilder, ImageConfiguration, ImageConfigurationBuilder, ImageManifest,
    ImageManifestBuilder, MediaType, Os, RootFsBuilder,
};

use crate::config::ImageConfig;
use crate::document::{build_error, descriptor};
use crate::{Digest, Layer, Result};

/// Values that `config` does not set are inherited from the base.
pub(crate) fn configuration(
    config: &ImageConfig,
    base: Option<&ImageConfiguration>,
    layers: &[Layer],
    own: &[Layer],
    created: &str,
) -> Result<ImageConfiguration> {
    let below = base.and_then(|base| base.config().clone());
    let mut run: Config = below.unwrap_or_default();
    if !config.entrypoint.is_empty() {
        run.set_entrypoint(Some(config.entrypoint.clone()));
        // The base's CMD has arguments for its own entry point.
        run.set_cmd(None);
    }
    if let Some(user) = &config.user {
        run.set_user(Some(user.clone()));
    }
    if let Some(folder) = &config.working_dir {
        run.set_working_dir(Some(folder.clone()));
    }
    if !config.environment.is_empty() {
        run.set_env(Some(environment(
            run.env().as_deref().unwrap_or_default(),
            &config.environment,
        )));
    }
    if !config.labels.is_empty() {
        let mut labels = run.labels().clone().unwrap_or_default();
        labels.extend(config.labels.clone());
        run.set_labels(Some(labels));
    }
    let diff_ids: Vec<_> = layers.iter().map(|l| l.diff_id.to_string()).collect();
    let root = RootFsBuilder::default().typ("layers").diff_ids(diff_ids);
    ImageConfigurationBuilder::default()
        .created(created)
        .architecture(Arch::from(config.architecture.goarch()))
        .os(Os::Linux)
        .config(run)
        .rootfs(root.build().map_err(build_error("configuration"))?)
        .history(history(base, layers.len() - own.len(), own, created)?)
        .build()
        .map_err(build_error("configuration"))
}

/// The variables of the base, with new values for those that are set again, and then the new ones.
fn environment(base: &[String], own: &BTreeMap<String, String>) -> Vec<String> {
    let is_set_again = |line: &String| own.contains_key(line.split('=').next().unwrap_or_default());
    let kept = base.iter().filter(|line| !is_set_again(line)).cloned();
    kept.chain(own.iter().map(|(name, value)| format!("{name}={value}")))
        .collect()
}

/// The base's history and an entry for each own layer. Lambda requires one for each layer, so the base's is replaced if
/// it is incomplete.
fn history(base: Option<&ImageConfiguration>, below: usize, own: &[Layer], created: &str) -> Result<Vec<History>> {
    let entry = |text: &str| {
        let entry = HistoryBuilder::default().created(created);
        entry.created_by(text).build().map_err(build_error("history"))
    };
    let history = base.and_then(|base| base.history().clone());
    let mut history = history.unwrap_or_default();
    if base.map_or(0, |base| layer_history(base).count()) != below {
        let texts = (0..below).map(|_| entry("a layer of the base"));
        history = texts.collect::<Result<_>>()?;
    }
    for layer in own {
        history.push(entry(&layer.created_by)?);
    }
    Ok(history)
}

/// The history entries of layers, without those of settings.
pub(crate) fn layer_history(config: &ImageConfiguration) -> impl Iterator<Item = &History> {
    let entries = config.history().iter().flatten();
    entries.filter(|entry| entry.empty_layer() != Some(true))
}

pub(crate) fn manifest(
    config: &[u8],
    annotations: &BTreeMap<String, String>,
    layers: &[Layer],
    created: &str,
) -> Result<ImageManifest> {
    let layers = layers
        .iter()
        .map(|layer| descriptor(MediaType::ImageLayerGzip, &layer.digest, layer.compressed_bytes));
    let mut annotations: HashMap<_, _> = annotations.clone().into_iter().collect();
    annotations.insert("org.opencontainers.image.created".to_owned(), created.to_owned());
    let size = config.len() as u64;
    ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(MediaType::ImageConfig, &Digest::of(config), size)?)
        .layers(layers.collect::<Result<Vec<_>>>()?)
        .annotations(annotations)
        .build()
        .map_err(build_error("manifest"))
}

//! The rules about an image's documents.

use oci_spec::image::{Descriptor, ImageConfiguration, Os};

use super::finding::{Finding, Findings, LintOptions};
use super::rule::Rule;
use super::{layers, program};
use crate::index::is_attestation;
use crate::lambda::LAMBDA;
use crate::manifest::layer_history;
use crate::merged_file_system::MergedFileSystem;
use crate::source::Source;
use crate::validate::{ValidatedImage, is_index, validate};
use crate::{Compression, Result, TargetArchitecture};

/// Checks all images of a layout or an archive.
///
/// # Errors
/// Temporary files cannot be written. Unreadable parts of an image are findings.
pub fn lint_source(source: &dyn Source, options: &LintOptions) -> Result<Vec<Finding>> {
    let mut findings = Findings::default();
    let examined = validate(source);
    for mismatch in &examined.mismatches {
        findings.error(Rule::Intact, mismatch);
    }
    if let Some(index) = &examined.index {
        one_manifest(source, index.manifests(), &mut findings);
    }
    for image in &examined.images {
        if is_attestation(&image.entry) {
            continue;
        }
        media_types(image, &mut findings);
        gzip_layers(source, image, &mut findings);
        platform(image, options, &mut findings);
        history(&image.documents.config, image.layers.len(), &mut findings);
        for layer in &image.layers {
            layers::lint(&layer.entries, &mut findings);
        }
        size(image, &mut findings);
        // An unreadable layer has been reported already. Its files would be reported as missing.
        if image.layers.iter().all(|layer| layer.scanned.is_some()) {
            let file_system = MergedFileSystem::from_layers(image.layers.iter().map(|layer| layer.entries.as_slice()));
            program::lint(source, image, &file_system, &mut findings)?;
        }
    }
    Ok(findings.0)
}

fn one_manifest(source: &dyn Source, entries: &[Descriptor], findings: &mut Findings) {
    let origin = source.origin();
    if entries.is_empty() {
        findings.error(Rule::OneManifest, format!("{origin} has no image"));
    }
    if entries.len() > 1 {
        let count = entries.len();
        let found = format!("{origin} is an index of {count} manifests");
        findings.error(Rule::OneManifest, found);
    }
    for entry in entries {
        if is_index(entry.media_type()) {
            let found = format!("{} of {origin} is an index", entry.digest());
            findings.error(Rule::OneManifest, found);
        }
        if is_attestation(entry) {
            let found = format!("{} of {origin} is a build attestation", entry.digest());
            findings.error(Rule::OneManifest, found);
        }
    }
}

fn media_types(image: &ValidatedImage, findings: &mut Findings) {
    const OCI: &str = "application/vnd.oci.image.";
    const DOCKER: &str = "application/vnd.docker.";
    let manifest = &image.documents.manifest;
    // `mediaType` is optional in manifests.
    let own = manifest.media_type().as_ref();
    let own = own.unwrap_or(image.entry.media_type()).to_string();
    let config = manifest.config().media_type().to_string();
    let layers = manifest.layers().iter();
    let layers = layers.map(|layer| layer.media_type().to_string());
    let kinds: Vec<_> = [own, config].into_iter().chain(layers).collect();
    let is_known = |kind: &String| kind.starts_with(OCI) || kind.starts_with(DOCKER);
    if let Some(unknown) = kinds.iter().find(|kind| !is_known(kind)) {
        let found = format!("`{unknown}` is not a media type of an image");
        findings.error(Rule::MediaTypes, found);
    }
    let one_of = |family| kinds.iter().find(|kind| kind.starts_with(family));
    if let (Some(oci), Some(docker)) = (one_of(OCI), one_of(DOCKER)) {
        let found = format!("`{oci}` and `{docker}` occur in one image");
        findings.error(Rule::MediaTypes, found);
    }
}

fn gzip_layers(source: &dyn Source, image: &ValidatedImage, findings: &mut Findings) {
    const MAGIC: [u8; 2] = [0x1f, 0x8b];
    for layer in &image.layers {
        let kind = layer.descriptor.media_type();
        let digest = layer.descriptor.digest();
        let declared = crate::scan::compression_of(kind);
        // The engine that wrote this archive compresses them on push.
        if source.compresses_on_push() && declared == Some(Compression::None) {
            continue;
        }
        if declared != Some(Compression::Gzip) {
            let found = format!("the layer {digest} has the media type `{kind}`");
            findings.error(Rule::GzipLayers, found);
        } else if !layer.magic.starts_with(&MAGIC) && !layer.magic.is_empty() {
            let found = format!("the layer {digest} has a media type of gzip, but is not compressed");
            findings.error(Rule::GzipLayers, found);
        }
    }
}

fn platform(image: &ValidatedImage, options: &LintOptions, findings: &mut Findings) {
    let config = &image.documents.config;
    if *config.os() != Os::Linux {
        let found = format!("the image is for `{}`", config.os());
        findings.error(Rule::OperatingSystem, found);
    }
    let found = TargetArchitecture::from(config.architecture());
    if found.supported().is_none() {
        let found = format!("the image is for `{}`", config.architecture());
        findings.error(Rule::Architecture, found);
    } else if let Some(wanted) = options.architecture.filter(|wanted| found != *wanted) {
        let found = format!("the image is for {found}, the function for {wanted}");
        findings.error(Rule::Architecture, found);
    }
    if let Some(platform) = image.entry.platform()
        && platform.architecture() != config.architecture()
    {
        let (index, config) = (platform.architecture(), config.architecture());
        let found = format!("the image is for {index} by the index, for {config} by its configuration");
        findings.error(Rule::Architecture, found);
    }
}

fn history(config: &ImageConfiguration, layers: usize, findings: &mut Findings) {
    let count = layer_history(config).count();
    if count != layers {
        let found = format!("the image has {layers} layers, but {count} history entries for layers");
        findings.error(Rule::History, found);
    }
}

fn size(image: &ValidatedImage, findings: &mut Findings) {
    let scanned = image.layers.iter().flat_map(|layer| &layer.scanned);
    let bytes: u64 = scanned.map(|scanned| scanned.uncompressed_bytes).sum();
    let limit = LAMBDA.image_uncompressed_bytes;
    if bytes > limit {
        let found = format!("the image has {bytes} bytes uncompressed; the limit is {limit}");
        findings.error(Rule::Size, found);
    }
}

//! The rules about an image's documents.

use oci_spec::image::{Descriptor, Os};

use super::finding::{Finding, Findings, LintOptions, Severity};
use super::rule::Rule;
use super::{config, layers, program, whiteouts};
use crate::index::is_attestation;
use crate::lambda::LAMBDA;
use crate::merged_file_system::MergedFileSystem;
use crate::scan::declared_compression;
use crate::source::Source;
use crate::validate::{NestedIndex, ValidatedImage, is_index, validate};
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
    let unused = " among its blobs, which no image refers to; a push leaves them out";
    findings.for_items(Rule::Intact, Severity::Note, &examined.unused_blobs, unused);
    if let Some(index) = &examined.index {
        one_manifest(source, index.manifests(), &examined.nested, options, &mut findings);
    }
    for image in &examined.images {
        if is_attestation(&image.entry) {
            continue;
        }
        media_types(image, &mut findings);
        gzip_layers(image, options, &mut findings);
        platform(image, options, &mut findings);
        let config_document = &image.documents.config;
        config::lint(config_document, image.layers.len(), &mut findings);
        let mut file_system = MergedFileSystem::default();
        for (number, layer) in image.layers.iter().enumerate() {
            layers::lint(&layer.entries, &mut findings);
            whiteouts::lint(&layer.entries, &file_system, &mut findings);
            file_system.add_layer(number, &layer.entries);
        }
        size(image, &mut findings);
        // An unreadable layer has been reported already. Its files would be reported as missing.
        if image.layers.iter().all(|layer| layer.scanned.is_some()) {
            config::working_directory(config_document, &file_system, &mut findings);
            program::lint(source, image, &file_system, &mut findings)?;
        }
    }
    Ok(findings.0)
}

fn one_manifest(
    source: &dyn Source,
    entries: &[Descriptor],
    nested: &[NestedIndex],
    options: &LintOptions,
    findings: &mut Findings,
) {
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
            let digest = entry.digest().to_string();
            let index = nested.iter().find(|index| index.digest.to_string() == digest);
            let found = format!("{digest} of {origin} is an index");
            match index.filter(|index| index.present == 1 && index.absent > 0 && !options.in_registry) {
                Some(index) => {
                    let absent = index.absent;
                    let note = format!("{found} of which {absent} images are missing; `docker push` pushes the other");
                    findings.note(Rule::OneManifest, note);
                }
                None => findings.error(Rule::OneManifest, found),
            }
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

fn gzip_layers(image: &ValidatedImage, options: &LintOptions, findings: &mut Findings) {
    for layer in &image.layers {
        let kind = layer.descriptor.media_type();
        let digest = layer.descriptor.digest();
        // An unreadable layer has a finding of its own.
        let Some(content) = layer.compression else {
            continue;
        };
        let declared = declared_compression(kind);
        // Archives of Docker have no media types. Their layers are compressed again when they are pushed.
        let from_docker = kind.to_string().starts_with("application/vnd.docker.");
        match (declared, content) {
            (Some(Compression::Gzip), Compression::Gzip) => {}
            (Some(Compression::Gzip), _) => {
                let found = format!("the layer {digest} has a media type of gzip, but is not compressed with gzip");
                findings.error(Rule::GzipLayers, found);
            }
            (Some(Compression::None), Compression::None) if !options.in_registry => {
                let found = format!("the layer {digest} is uncompressed; a push compresses it with gzip");
                findings.note(Rule::GzipLayers, found);
            }
            (Some(Compression::Zstd), Compression::Zstd) if from_docker && !options.in_registry => {
                let found = format!("the layer {digest} is compressed with zstd; `docker load` and a push use gzip");
                findings.note(Rule::GzipLayers, found);
            }
            // Only our own push compresses it again.
            (Some(Compression::Zstd), Compression::Zstd) if !options.in_registry => {
                let found = format!(
                    "the layer {digest} is compressed with zstd, which Lambda refuses; `cargo xtask push` compresses \
                     it with gzip, other tools push it as it is"
                );
                findings.warning(Rule::GzipLayers, found);
            }
            (Some(Compression::None), Compression::Gzip) => {
                let found = format!("the layer {digest} is compressed with gzip, but has the media type `{kind}`");
                findings.warning(Rule::GzipLayers, found);
            }
            _ => {
                let found = format!("the layer {digest} has the media type `{kind}`");
                findings.error(Rule::GzipLayers, found);
            }
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

fn size(image: &ValidatedImage, findings: &mut Findings) {
    let scanned = image.layers.iter().flat_map(|layer| &layer.scanned);
    let bytes: u64 = scanned.map(|scanned| scanned.uncompressed_bytes).sum();
    let limit = LAMBDA.image_uncompressed_bytes;
    if bytes > limit {
        let found = format!("the image has {bytes} bytes uncompressed; the limit is {limit}");
        findings.error(Rule::Size, found);
    }
}

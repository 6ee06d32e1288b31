//! The rules about an image's documents, and the order in which all rules about images are checked.

use oci_spec::image::Os;

use super::finding::{Finding, Findings, LintOptions, Severity};
use super::rule::Rule;
use super::{compression, config, index, layers, program, readable, whiteouts};
use crate::lambda::LAMBDA;
use crate::merged_file_system::MergedFileSystem;
use crate::source::Source;
use crate::validate::{ValidatedImage, validate};
use crate::{Result, TargetArchitecture};

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
    index::lint(source.origin(), &examined, options, &mut findings);
    for image in &examined.images {
        media_types(image, &mut findings);
        compression::lint(image, options, &mut findings);
        platform(image, options, &mut findings);
        let config_document = &image.documents.config;
        config::lint(config_document, image.layers.len(), &mut findings);
        let mut file_system = MergedFileSystem::default();
        for (number, layer) in image.layers.iter().enumerate() {
            layers::lint(&layer.entries, &mut findings);
            whiteouts::lint(&layer.entries, &file_system, &mut findings);
            file_system.add_layer(number, &layer.entries);
        }
        readable::lint(config_document, &file_system, &mut findings);
        size(image, &mut findings);
        // An unreadable layer has been reported already. Its files would be reported as missing.
        if image.layers.iter().all(|layer| layer.scanned.is_some()) {
            config::working_directory(config_document, &file_system, &mut findings);
            program::lint(source, image, &file_system, &mut findings)?;
        }
    }
    Ok(findings.0)
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

//! The rule that layers are compressed with gzip, after a push.

use oci_spec::image::MediaType;

use super::finding::{Findings, LintOptions, Severity};
use super::rule::Rule;
use crate::Compression;
use crate::scan::declared_compression;
use crate::validate::ValidatedImage;

pub(super) fn lint(image: &ValidatedImage, options: &LintOptions, findings: &mut Findings) {
    for layer in &image.layers {
        // An unreadable layer has a finding of its own.
        let Some(content) = layer.compression else {
            continue;
        };
        if let Some((severity, found)) = judge(layer.descriptor.media_type(), content, options.in_registry) {
            let digest = layer.descriptor.digest();
            findings.add(Rule::GzipLayers, severity, &format!("the layer {digest} {found}"));
        }
    }
}

/// What is wrong with a layer of this media type and content.
fn judge(kind: &MediaType, content: Compression, in_registry: bool) -> Option<(Severity, String)> {
    let Some(declared) = declared_compression(kind) else {
        return Some((Severity::Error, format!("has the media type `{kind}`")));
    };
    // Archives of Docker have no media types, and skopeo declares gzip for what it has not compressed. Both compress
    // layers when they push them, as far as they are uncompressed.
    let from_docker = kind.to_string().starts_with("application/vnd.docker.");
    let found = match content {
        Compression::Gzip => format!("is compressed with gzip, but has the media type `{kind}`"),
        Compression::None => "is uncompressed".to_owned(),
        Compression::Zstd => "is compressed with zstd, which Lambda refuses".to_owned(),
    };
    Some(match (declared, content) {
        (Compression::Gzip, Compression::Gzip) => return None,
        (Compression::None, Compression::Gzip) => (Severity::Warning, found),
        (Compression::Zstd, Compression::Gzip) if !in_registry => (Severity::Warning, found),
        (Compression::Gzip, _) if in_registry => {
            let found = format!("{found}, but has the media type `{kind}`");
            (Severity::Error, found)
        }
        _ if in_registry => (Severity::Error, found),
        (_, Compression::Zstd) if from_docker => {
            let found = "is compressed with zstd; `docker load` and a push use gzip";
            (Severity::Note, found.to_owned())
        }
        (declared, Compression::None) if from_docker || declared == Compression::None => {
            (Severity::Note, found + "; a push compresses it with gzip")
        }
        // Only our own push compresses it again.
        _ => {
            let found = format!("{found}; `cargo xtask push` compresses it with gzip, other tools push it as it is");
            (Severity::Warning, found)
        }
    })
}

#[cfg(test)]
mod tests {
    use Compression::{Gzip, None as Plain, Zstd};
    use Severity::{Error, Note, Warning};

    use super::*;

    #[test]
    fn severity_depends_on_what_a_push_changes() {
        const OCI: &str = "application/vnd.oci.image.layer.v1.tar";
        const DOCKER: &str = "application/vnd.docker.image.rootfs.diff.tar";
        for (kind, content, local, in_registry) in [
            (format!("{OCI}+gzip"), Gzip, None, None),
            (format!("{DOCKER}.gzip"), Gzip, None, None),
            (OCI.to_owned(), Plain, Some(Note), Some(Error)),
            (DOCKER.to_owned(), Plain, Some(Note), Some(Error)),
            (format!("{DOCKER}.gzip"), Plain, Some(Note), Some(Error)),
            (format!("{OCI}+gzip"), Plain, Some(Warning), Some(Error)),
            (format!("{OCI}+gzip"), Zstd, Some(Warning), Some(Error)),
            (format!("{OCI}+zstd"), Zstd, Some(Warning), Some(Error)),
            (format!("{DOCKER}.zstd"), Zstd, Some(Note), Some(Error)),
            (format!("{OCI}+zstd"), Gzip, Some(Warning), Some(Error)),
            (OCI.to_owned(), Gzip, Some(Warning), Some(Warning)),
            ("text/plain".to_owned(), Plain, Some(Error), Some(Error)),
        ] {
            let kind = MediaType::from(kind.as_str());
            let severity = |in_registry| judge(&kind, content, in_registry).map(|(severity, _)| severity);
            assert_eq!(
                (severity(false), severity(true)),
                (local, in_registry),
                "{kind} {content:?}"
            );
        }
    }
}

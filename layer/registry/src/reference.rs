//! Parses references to images as Docker does.

use std::net::Ipv6Addr;

use layer::Digest;
use oci_spec::distribution::{ParseError, Reference};

use super::host::host_and_port;
use super::{Error, Result};

/// Parses a reference; the default registry is Docker Hub, and the default tag is `latest`.
pub(crate) fn parse_reference(text: &str) -> Result<Reference> {
    let refused = |reason: &str| {
        Error::Other(format!(
            "`{text}` is not a reference to an image: {reason}; write REGISTRY/NAME:TAG or \
             REGISTRY/NAME@sha256:DIGEST"
        ))
    };
    let reference = with_ipv6(text).map_err(|error| {
        match error == ParseError::ReferenceInvalidFormat && with_ipv6(&text.to_lowercase()).is_ok() {
            true => refused("names have no capital letters"),
            false => refused(&error.to_string()),
        }
    })?;
    let digest = reference.digest().map(str::parse::<Digest>);
    if digest.is_some_and(|digest| digest.is_err()) {
        let reason = "only SHA-256 digests in lower case are supported";
        return Err(refused(reason));
    }
    Ok(reference)
}

/// `oci-spec` does not know hosts that are IPv6 addresses, which Docker writes in brackets.
fn with_ipv6(text: &str) -> Result<Reference, ParseError> {
    let Some((host, rest)) = text.split_once('/').filter(|_| text.starts_with('[')) else {
        return Reference::try_from(text);
    };
    let (address, port) = host_and_port(host);
    let address = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let valid = address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    if !valid || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(ParseError::ReferenceInvalidFormat);
    }
    // Any host of this form does, because only what comes after it is used.
    let parsed = Reference::try_from(format!("localhost/{rest}"))?;
    let (registry, repository) = (host.to_owned(), parsed.repository().to_owned());
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(match (owned(parsed.tag()), owned(parsed.digest())) {
        (Some(tag), Some(digest)) => Reference::with_tag_and_digest(registry, repository, tag, digest),
        (None, Some(digest)) => Reference::with_digest(registry, repository, digest),
        (tag, None) => Reference::with_tag(registry, repository, tag.unwrap_or_else(|| "latest".to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::super::RegistryImage;
    use super::*;

    #[test]
    fn references_parse_as_in_docker() {
        let whole = |text: &str| parse_reference(text).map(|reference| reference.whole());
        assert_eq!(whole("a").unwrap(), "docker.io/library/a:latest");
        assert_eq!(whole("a/b:1").unwrap(), "docker.io/a/b:1");
        assert_eq!(whole("h.example/a/b").unwrap(), "h.example/a/b:latest");
        assert_eq!(whole("localhost/a:x").unwrap(), "localhost/a:x");
        let digest = Digest::of(b"").to_string();
        let both = format!("127.0.0.1:5000/a:x@{digest}");
        assert_eq!(whole(&both).unwrap(), both);
        assert_eq!(RegistryImage::parse(&both).unwrap().tag_or_digest(), digest);
        assert_eq!(whole("[::1]/a").unwrap(), "[::1]/a:latest");
        for rest in [":1".to_owned(), format!("@{digest}"), format!(":x@{digest}")] {
            let text = format!("[fd00::1]:5000/team/a{rest}");
            assert_eq!(whole(&text).unwrap(), text);
        }
        let shouted = format!("a@{}", digest.to_uppercase().replace("SHA", "sha"));
        for bad in [
            "",
            "A",
            "a:",
            "h.example/",
            "a@sha256:1",
            "a b",
            "https://h.example/a",
            "[::1]",
            "[::g]/a",
            "[::1]:x/a",
            "[::1]x/a",
            "[127.0.0.1]/a",
            &shouted,
        ] {
            let error = whole(bad).unwrap_err().to_string();
            assert!(error.contains("REGISTRY/NAME:TAG"), "{error}");
        }
        let error = whole("h.example/Team/a:B").unwrap_err().to_string();
        assert!(error.contains("no capital letters"), "{error}");
    }
}

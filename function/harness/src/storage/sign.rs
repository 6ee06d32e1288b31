//! Signs requests with AWS's Signature Version 4, or 4A for all regions.

use std::time::SystemTime;

use aws_credential_types::Credentials as SigningCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningParams, SigningSettings,
    UriPathNormalizationMode, sign as sign_request,
};
use aws_sigv4::sign::{v4, v4a};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use ring::digest::Digest;

use super::credentials::Credentials;
use super::endpoint::{Endpoint, SigningRegion};

/// The header for the token of a session of a directory bucket, instead of `x-amz-security-token`.
/// Source: Amazon S3 API Reference, "CreateSession".
const SESSION_TOKEN_HEADER: &str = "x-amz-s3session-token";

/// Source: AWS General Reference, "Signature Version 4A".
const ALL_REGIONS: &str = "*";

/// The owner of a token decides in which header it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signer {
    Role,
    BucketSession,
}

/// Adds the host, and signs all headers and the SHA-256 digest of the body.
///
/// # Errors
/// A header or the token cannot be sent.
pub(super) fn sign(
    request: &mut Request<Full<Bytes>>,
    body: &Digest,
    endpoint: &Endpoint,
    (credentials, signer): (&Credentials, Signer),
    time: SystemTime,
) -> Result<(), String> {
    let invalid = || "the credentials or the request cannot be signed".to_owned();
    let host = endpoint.origin.authority.parse().map_err(|_| invalid())?;
    request.headers_mut().insert(header::HOST, host);

    let mut settings = SigningSettings::default();
    // As S3 requires, unlike other services. Source: Amazon S3 API Reference, "Signature Calculations for the
    // Authorization Header: Transferring Payload in a Single Chunk".
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.session_token_name_override = (signer == Signer::BucketSession).then_some(SESSION_TOKEN_HEADER);
    let identity = SigningCredentials::new(
        &credentials.access_key_id,
        &credentials.secret_access_key,
        credentials.session_token.clone(),
        None,
        "function",
    );
    let identity = identity.into();
    let parameters = match &endpoint.region {
        SigningRegion::One(region) => v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(endpoint.service)
            .time(time)
            .settings(settings)
            .build()
            .ok()
            .map(SigningParams::from),
        SigningRegion::All => v4a::SigningParams::builder()
            .identity(&identity)
            .region_set(ALL_REGIONS)
            .name(endpoint.service)
            .time(time)
            .settings(settings)
            .build()
            .ok()
            .map(SigningParams::from),
    };
    let parameters = parameters.ok_or_else(invalid)?;

    let url = format!("{}{}", endpoint.origin.url(), request.uri());
    let headers = request.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let body = SignableBody::Precomputed(hex(body.as_ref()));
    let signable = SignableRequest::new(request.method().as_str(), url, headers, body).map_err(|_| invalid())?;
    let signed = sign_request(signable, &parameters).map_err(|_| invalid())?;
    let (instructions, _) = signed.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ring::digest::{SHA256, digest};

    use super::*;
    use crate::storage::endpoint::Origin;

    /// The credentials, host and time of AWS's examples.
    fn authorization(request: http::request::Builder, content: &'static str) -> String {
        let region = SigningRegion::One("us-east-1".to_owned());
        signed(request, content, region).headers()[header::AUTHORIZATION]
            .to_str()
            .unwrap()
            .to_owned()
    }

    fn signed(request: http::request::Builder, content: &'static str, region: SigningRegion) -> Request<Full<Bytes>> {
        let mut request = request.body(Full::from(content)).unwrap();
        let endpoint = Endpoint {
            origin: Origin {
                https: true,
                authority: "examplebucket.s3.amazonaws.com".to_owned(),
            },
            path: String::new(),
            service: "s3",
            region,
        };
        let credentials = Credentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        // 20130524T000000Z
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let signer = (&credentials, Signer::Role);
        let digest = digest(&SHA256, content.as_bytes());
        sign(&mut request, &digest, &endpoint, signer, time).unwrap();
        request
    }

    /// Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a
    /// Single Chunk", "Examples".
    #[test]
    fn signatures_match_the_examples_of_aws() {
        let get = authorization(Request::get("/test.txt").header("range", "bytes=0-9"), "");
        assert_eq!(
            get,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let put = Request::put("/test%24file.text")
            .header("date", "Fri, 24 May 2013 00:00:00 GMT")
            .header("x-amz-storage-class", "REDUCED_REDUNDANCY");
        let put = authorization(put, "Welcome to Amazon S3.");
        assert!(
            put.ends_with("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
            "{put}"
        );
        let subresource = authorization(Request::get("/?lifecycle"), "");
        assert!(
            subresource.ends_with("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            "{subresource}"
        );
    }

    /// The signature is deterministic (RFC 6979); `cryptography` of Python verified it with the key and string to sign
    /// that AWS documents.
    /// Source: AWS Identity and Access Management User Guide, "Signature Version 4A".
    #[test]
    fn signatures_for_all_regions_have_version_4a() {
        let request = Request::get("/a//b%20c.jpg");
        let signed = signed(request, "", SigningRegion::All);
        assert_eq!(signed.headers()["x-amz-region-set"], "*");
        assert_eq!(
            signed.headers()[header::AUTHORIZATION],
            "AWS4-ECDSA-P256-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/s3/aws4_request, \
             SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-region-set, \
             Signature=3045022100f54b7404a435fab371b7d1d7c9d471c2927de21d3abcf70a63a8a816125314d3\
             02207472c6675a999ab7caba906cfb9618d2017d1dafe25b13d4a63e53b7950e95ea"
        );
    }
}

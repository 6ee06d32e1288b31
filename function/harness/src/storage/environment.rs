//! The region and endpoint of S3, from the variables that AWS's tools share.
//! Source: AWS SDKs and Tools Reference Guide, "Settings reference".

use http::Uri;

use super::host_label::is_label;

/// The region of requests to a custom endpoint, if none is set: such endpoints often have no regions.
const DEFAULT_REGION: &str = "us-east-1";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Environment {
    /// Part of host names, and so a label, unless the endpoint is a custom one.
    pub(super) region: String,
    /// Replaces the endpoints of AWS.
    pub(super) endpoint: Option<CustomEndpoint>,
    /// Use endpoints that also have IPv6 addresses.
    pub(super) dual_stack: bool,
    /// Use endpoints with cryptography that is validated under FIPS 140.
    pub(super) fips: bool,
    /// Put the bucket into the host name instead of the path.
    pub(super) virtual_hosted: bool,
    /// Sign requests to directory buckets with the role's credentials instead of a session's.
    pub(super) session_auth_disabled: bool,
    /// Send the checksums of objects that are written.
    pub(super) upload_checksums: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CustomEndpoint {
    pub(super) https: bool,
    /// Host and port.
    pub(super) authority: String,
    /// Without a slash at its end.
    pub(super) path: String,
}

impl Environment {
    /// # Errors
    /// A variable is missing or invalid; the message names it.
    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let value_of = |name: &str| variable(name).filter(|value| !value.is_empty());
        let first_of = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, value_of(name)?)));
        let flag = |name: &str| value_of(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let endpoint = match first_of(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]) {
            Some((name, url)) => Some(CustomEndpoint::parse(name, &url)?),
            None => None,
        };
        let region = match first_of(["AWS_REGION", "AWS_DEFAULT_REGION"]) {
            Some((name, region)) if !is_label(&region) && (endpoint.is_none() || !is_scope(&region)) => {
                return Err(format!("{name} is `{region}`, which is not a region"));
            }
            Some((_, region)) => region,
            None if endpoint.is_some() => DEFAULT_REGION.to_owned(),
            None => return Err("AWS_REGION is not set; Lambda sets it".to_owned()),
        };
        Ok(Self {
            region,
            endpoint,
            dual_stack: flag("AWS_USE_DUALSTACK_ENDPOINT"),
            fips: flag("AWS_USE_FIPS_ENDPOINT"),
            virtual_hosted: flag("AWS_VIRTUAL_HOSTED_STYLE_REQUEST"),
            session_auth_disabled: flag("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH"),
            upload_checksums: !value_of("AWS_REQUEST_CHECKSUM_CALCULATION")
                .is_some_and(|when| when.eq_ignore_ascii_case("when_required")),
        })
    }
}

/// Whether a region can be part of a signature's scope. Names at other providers can have upper-case letters.
fn is_scope(region: &str) -> bool {
    region
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

impl CustomEndpoint {
    fn parse(name: &str, url: &str) -> Result<Self, String> {
        // URLs can contain passwords, so the message does not repeat it.
        let invalid = || format!("{name} is not an http or https URL of a host, such as https://s3.example.com");
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid()),
        };
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or_else(invalid)?.as_str();
        if authority.contains('@') || uri.query().is_some() {
            return Err(invalid());
        }
        Ok(Self {
            https,
            authority: authority.to_owned(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_variables(variables: &[(&str, &str)]) -> Result<Environment, String> {
        Environment::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn endpoint_of_s3_precedes_the_endpoint_of_all_services() {
        let endpoint = |variables: &[(&str, &str)]| from_variables(variables).unwrap().endpoint.unwrap();
        let all = ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566");
        let s3 = ("AWS_ENDPOINT_URL_S3", "https://s3.example.com/base/");
        assert_eq!(endpoint(&[all]).authority, "127.0.0.1:4566");
        let found = endpoint(&[all, s3]);
        assert_eq!(
            (found.authority.as_str(), found.path.as_str()),
            ("s3.example.com", "/base")
        );
        assert!(found.https);
        assert_eq!(from_variables(&[s3]).unwrap().region, "us-east-1");
        assert_eq!(
            from_variables(&[("AWS_ENDPOINT_URL_S3", ""), all]).unwrap().endpoint,
            Some(endpoint(&[all]))
        );
    }

    #[test]
    fn flags_and_regions_are_read() {
        let found = from_variables(&[
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
            ("AWS_USE_FIPS_ENDPOINT", "TRUE"),
        ]);
        let found = found.unwrap();
        assert!(found.dual_stack && found.fips && !found.virtual_hosted);
        assert_eq!(found.region, "eu-west-1");
        let other_provider = [
            ("AWS_REGION", "RegionOne"),
            ("AWS_ENDPOINT_URL", "https://s3.example.com"),
        ];
        assert_eq!(from_variables(&other_provider).unwrap().region, "RegionOne");
    }

    #[test]
    fn invalid_settings_are_named_and_not_repeated() {
        for (name, value) in [
            ("AWS_ENDPOINT_URL", "127.0.0.1:4566"),
            ("AWS_ENDPOINT_URL_S3", "ftp://SECRET"),
            ("AWS_ENDPOINT_URL_S3", "https://me:SECRET@example.com"),
            ("AWS_ENDPOINT_URL_S3", "https://"),
            ("AWS_REGION", "eu/../west"),
            ("AWS_REGION", "example.com"),
            ("AWS_REGION", "RegionOne"),
        ] {
            let message = from_variables(&[(name, value)]).unwrap_err();
            assert!(message.contains(name) && !message.contains("SECRET"), "{message}");
        }
        assert!(from_variables(&[]).unwrap_err().contains("AWS_REGION"));
    }
}

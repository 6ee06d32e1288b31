//! The host, path and signing scope of requests to a bucket.
//!
//! Source: Amazon S3 User Guide, "Virtual hosting of buckets", "Using Amazon S3 dual-stack endpoints", "Regional and
//! Zonal endpoints for directory buckets" and "Referencing access points"; the rules for endpoints in the service model
//! of AWS's SDKs.

use std::net::IpAddr;

use super::bucket_name::{AccessPointService, BucketName};
use super::environment::{CustomEndpoint, Environment};
use super::host_label::is_label;

/// A scheme and host, to which connections are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) https: bool,
    /// Host, and port if there is one.
    pub(super) authority: String,
}

impl Origin {
    pub(super) fn url(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) origin: Origin,
    /// The bucket's path, to which a slash and a key are added.
    pub(super) path: String,
    /// The service in signatures.
    pub(super) service: &'static str,
    pub(super) region: SigningRegion,
}

/// The region in signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SigningRegion {
    /// In signatures of version 4.
    One(String),
    /// In signatures of version 4A.
    All,
}

impl Endpoint {
    /// `region` is the bucket's, unless its name contains one.
    ///
    /// # Errors
    /// AWS has no such endpoint; the message names the variable that asks for it.
    pub(super) fn new(bucket: &BucketName, environment: &Environment, region: &str) -> Result<Self, String> {
        let region = match bucket {
            BucketName::AccessPoint { region, .. } => region,
            _ => region,
        };
        let label = match bucket {
            BucketName::General(name) | BucketName::Alias(name) | BucketName::Directory { name, .. } => name,
            BucketName::AccessPoint { label, .. } | BucketName::MultiRegionAccessPoint(label) => label,
        };
        let (https, host, path, in_host) = match &environment.endpoint {
            Some(custom) => {
                let in_host = environment.virtual_hosted || bucket.is_access_point_arn();
                let in_host = in_host && !is_address(custom);
                (custom.https, custom.authority.clone(), custom.path.clone(), in_host)
            }
            None => {
                let in_host = match bucket {
                    // TLS certificates do not cover names with dots.
                    BucketName::General(name) => environment.virtual_hosted && is_label(name),
                    // AWS requires it.
                    _ => true,
                };
                (true, aws_host(bucket, environment, region)?, String::new(), in_host)
            }
        };
        let is_in_host = host
            .strip_prefix(label.as_str())
            .is_some_and(|rest| rest.starts_with('.'));
        let (authority, path) = match in_host {
            true if is_in_host => (host, path),
            true => (format!("{label}.{host}"), path),
            false => (host, format!("{path}/{label}")),
        };
        Ok(Self {
            origin: Origin { https, authority },
            path,
            service: signing_service(bucket),
            region: match bucket {
                BucketName::MultiRegionAccessPoint(_) => SigningRegion::All,
                _ => SigningRegion::One(region.to_owned()),
            },
        })
    }
}

/// The service's host, without the bucket.
fn aws_host(bucket: &BucketName, environment: &Environment, region: &str) -> Result<String, String> {
    let unsupported = |wanted: bool, variable: &str, kind: &str| match wanted {
        true => Err(format!("{variable} is set, but AWS has no such endpoints for {kind}")),
        false => Ok(()),
    };
    let (fips_variable, dual_stack_variable) = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT");
    let fips = if environment.fips { "-fips" } else { "" };
    let dual_stack = if environment.dual_stack { ".dualstack" } else { "" };
    let service = match bucket {
        BucketName::General(_) | BucketName::Alias(_) => format!("s3{fips}"),
        BucketName::Directory { zone, .. } => format!("s3express{fips}-{zone}"),
        BucketName::AccessPoint { service, .. } => match service {
            AccessPointService::S3 => format!("s3-accesspoint{fips}"),
            AccessPointService::ObjectLambda => {
                unsupported(environment.dual_stack, dual_stack_variable, "Object Lambda")?;
                format!("s3-object-lambda{fips}")
            }
        },
        BucketName::MultiRegionAccessPoint(_) => {
            let kind = "multi-Region access points";
            unsupported(environment.fips, fips_variable, kind)?;
            unsupported(environment.dual_stack, dual_stack_variable, kind)?;
            return Ok(format!("accesspoint.s3-global.{}", dns_suffix(region)));
        }
    };
    Ok(format!("{service}{dual_stack}.{region}.{}", dns_suffix(region)))
}

fn signing_service(bucket: &BucketName) -> &'static str {
    match bucket {
        BucketName::Directory { .. } => "s3express",
        BucketName::AccessPoint {
            service: AccessPointService::ObjectLambda,
            ..
        } => "s3-object-lambda",
        _ => "s3",
    }
}

/// The domain of the region's partition. Source: botocore, "partitions.json".
fn dns_suffix(region: &str) -> &'static str {
    const SUFFIXES: [(&str, &str); 7] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isof-", "csp.hci.ic.gov"),
    ];
    let found = SUFFIXES.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// Names cannot be added before an IP address.
fn is_address(custom: &CustomEndpoint) -> bool {
    let authority = custom.authority.as_str();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCESS_POINT: &str = "arn:aws:s3:us-west-2:123456789012:accesspoint/ap";
    const OBJECT_LAMBDA: &str = "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/ap";
    const MULTI_REGION: &str = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap";

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let region = [("AWS_REGION", "eu-west-1")];
        Environment::from_variables(|name| {
            let mut found = variables.iter().chain(&region).filter(|(known, _)| *known == name);
            found.next().map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    fn endpoint(bucket: &str, variables: &[(&str, &str)]) -> Result<Endpoint, String> {
        let environment = environment(variables);
        Endpoint::new(&BucketName::parse(bucket).unwrap(), &environment, &environment.region)
    }

    fn url(bucket: &str, variables: &[(&str, &str)]) -> String {
        let endpoint = endpoint(bucket, variables).unwrap();
        endpoint.origin.url() + &endpoint.path
    }

    #[test]
    fn hosts_of_aws_follow_the_name_of_the_bucket() {
        for (bucket, expected) in [
            ("photos", "https://s3.eu-west-1.amazonaws.com/photos"),
            ("ap-s3alias", "https://ap-s3alias.s3.eu-west-1.amazonaws.com"),
            (
                "p--euw1-az1--x-s3",
                "https://p--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com",
            ),
            (
                ACCESS_POINT,
                "https://ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com",
            ),
            (
                MULTI_REGION,
                "https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com",
            ),
            (
                OBJECT_LAMBDA,
                "https://ap-123456789012.s3-object-lambda.us-west-2.amazonaws.com",
            ),
        ] {
            assert_eq!(url(bucket, &[]), expected);
        }
        let china = [("AWS_REGION", "cn-north-1")];
        assert_eq!(url("photos", &china), "https://s3.cn-north-1.amazonaws.com.cn/photos");
    }

    #[test]
    fn fips_and_dual_stack_have_their_own_hosts() {
        let (fips, dual) = (
            ("AWS_USE_FIPS_ENDPOINT", "true"),
            ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        );
        for (bucket, variables, expected) in [
            ("photos", &[fips][..], "https://s3-fips.eu-west-1.amazonaws.com/photos"),
            ("photos", &[dual], "https://s3.dualstack.eu-west-1.amazonaws.com/photos"),
            (
                "photos",
                &[fips, dual],
                "https://s3-fips.dualstack.eu-west-1.amazonaws.com/photos",
            ),
            (
                "p--euw1-az1--x-s3",
                &[fips, dual],
                "https://p--euw1-az1--x-s3.s3express-fips-euw1-az1.dualstack.eu-west-1.amazonaws.com",
            ),
            (
                ACCESS_POINT,
                &[fips, dual],
                "https://ap-123456789012.s3-accesspoint-fips.dualstack.us-west-2.amazonaws.com",
            ),
        ] {
            assert_eq!(url(bucket, variables), expected);
        }
    }

    #[test]
    fn endpoints_that_aws_does_not_have_are_refused() {
        for (bucket, variable, kind) in [
            (MULTI_REGION, "AWS_USE_FIPS_ENDPOINT", "multi-Region"),
            (MULTI_REGION, "AWS_USE_DUALSTACK_ENDPOINT", "multi-Region"),
            (OBJECT_LAMBDA, "AWS_USE_DUALSTACK_ENDPOINT", "Object Lambda"),
        ] {
            let message = endpoint(bucket, &[(variable, "true")]).unwrap_err();
            assert!(message.contains(variable) && message.contains(kind), "{message}");
        }
    }

    #[test]
    fn virtual_hosted_requests_have_the_bucket_in_the_host() {
        let hosted = ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true");
        let custom = ("AWS_ENDPOINT_URL_S3", "http://s3.example.com:9000/base");
        let own = ("AWS_ENDPOINT_URL_S3", "https://photos.example.com");
        let address = ("AWS_ENDPOINT_URL_S3", "http://[::1]:9000");
        for (bucket, variables, expected) in [
            ("photos", &[hosted][..], "https://photos.s3.eu-west-1.amazonaws.com"),
            ("my.photos", &[hosted], "https://s3.eu-west-1.amazonaws.com/my.photos"),
            ("photos", &[custom], "http://s3.example.com:9000/base/photos"),
            ("photos", &[custom, hosted], "http://photos.s3.example.com:9000/base"),
            ("photos", &[own, hosted], "https://photos.example.com"),
            ("photos", &[address, hosted], "http://[::1]:9000/photos"),
            (
                ACCESS_POINT,
                &[custom],
                "http://ap-123456789012.s3.example.com:9000/base",
            ),
            (ACCESS_POINT, &[address], "http://[::1]:9000/ap-123456789012"),
            (
                MULTI_REGION,
                &[custom],
                "http://mfzwi23gnjvgw.mrap.s3.example.com:9000/base",
            ),
            (
                "p--euw1-az1--x-s3",
                &[custom],
                "http://s3.example.com:9000/base/p--euw1-az1--x-s3",
            ),
        ] {
            assert_eq!(url(bucket, variables), expected);
        }
    }

    #[test]
    fn signatures_have_the_service_and_region_of_the_bucket() {
        let one = |region: &str| SigningRegion::One(region.to_owned());
        for (bucket, service, region) in [
            ("photos", "s3", one("eu-west-1")),
            ("p--euw1-az1--x-s3", "s3express", one("eu-west-1")),
            (ACCESS_POINT, "s3", one("us-west-2")),
            (OBJECT_LAMBDA, "s3-object-lambda", one("us-west-2")),
            (MULTI_REGION, "s3", SigningRegion::All),
        ] {
            let endpoint = endpoint(bucket, &[]).unwrap();
            assert_eq!((endpoint.service, endpoint.region), (service, region));
        }
    }
}

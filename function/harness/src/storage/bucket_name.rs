//! What the name of a bucket says about how to reach it: buckets, directory buckets, and access points by ARN or alias.

use super::host_label::is_label;

/// A validated name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BucketName {
    /// The name may be in the path or in the host.
    General(String),
    /// An alias of an access point, which is accepted in the host only.
    /// Source: Amazon S3 User Guide, "Access point aliases".
    Alias(String),
    Directory {
        name: String,
        /// An availability zone or local zone, such as `usw2-az1`.
        zone: String,
    },
    AccessPoint {
        service: AccessPointService,
        region: String,
        /// `NAME-ACCOUNT`.
        label: String,
    },
    /// An alias, such as `mfzwi23gnjvgw.mrap`.
    MultiRegionAccessPoint(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccessPointService {
    S3,
    ObjectLambda,
}

const ALIAS_SUFFIXES: [&str; 2] = ["-s3alias", "--ol-s3"];
const OUTPOST_SUFFIX: &str = "--op-s3";
const MULTI_REGION_SUFFIX: &str = ".mrap";
/// Names of directory buckets and of access points for them.
/// Source: Amazon S3 User Guide, "Directory bucket naming rules", "Access points for directory buckets".
const DIRECTORY_SUFFIXES: [&str; 2] = ["--x-s3", "--xa-s3"];

impl BucketName {
    /// # Errors
    /// The name is invalid, or names something that cannot be read and written; the reason names it.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        if name.starts_with("arn:") {
            return Self::parse_arn(name);
        }
        // The name becomes part of a URL or path. Source: Amazon S3 User Guide, "General purpose bucket naming rules";
        // old buckets can have upper-case letters and underscores.
        let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        if name.is_empty() || !name.chars().all(is_allowed) || name.starts_with('.') {
            return Err(format!("`{name}` is not a bucket name"));
        }
        if name.ends_with(OUTPOST_SUFFIX) {
            return Err(format!("`{name}` is on an Outpost, which is not supported"));
        }
        let stem = DIRECTORY_SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
        if let Some((base, zone)) = stem.and_then(|stem| stem.rsplit_once("--")) {
            return if is_label(name) && is_label(zone) && !base.is_empty() {
                let (name, zone) = (name.to_owned(), zone.to_owned());
                Ok(Self::Directory { name, zone })
            } else {
                Err(format!("`{name}` is not the name of a directory bucket"))
            };
        }
        if ALIAS_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) && is_label(name) {
            return Ok(Self::Alias(name.to_owned()));
        }
        Ok(Self::General(name.to_owned()))
    }

    /// Whether a function of the user changes what is read.
    pub(super) fn is_object_lambda(&self) -> bool {
        let service = AccessPointService::ObjectLambda;
        matches!(self, Self::AccessPoint { service: found, .. } if *found == service)
    }

    /// Custom endpoints have access points in the host as well, unlike buckets.
    pub(super) fn is_access_point_arn(&self) -> bool {
        matches!(self, Self::AccessPoint { .. } | Self::MultiRegionAccessPoint(_))
    }

    /// `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME`; the last separator may be a colon. Without region and with an
    /// alias as name for a multi-Region access point.
    /// Source: Amazon S3 User Guide, "Referencing access points", "Multi-Region Access Point hostnames".
    fn parse_arn(arn: &str) -> Result<Self, String> {
        let invalid = || {
            format!(
                "`{arn}` is not the ARN of an access point, such as \
                 `arn:aws:s3:us-west-2:123456789012:accesspoint/my-access-point`; use the name of a bucket without ARN"
            )
        };
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let [_, _, service, region, account, resource] = parts[..] else {
            return Err(invalid());
        };
        let service = match service {
            "s3" => AccessPointService::S3,
            "s3-object-lambda" => AccessPointService::ObjectLambda,
            "s3-outposts" => return Err(format!("`{arn}` is on an Outpost, which is not supported")),
            _ => return Err(invalid()),
        };
        let name = resource
            .strip_prefix("accesspoint")
            .and_then(|rest| rest.strip_prefix(['/', ':']));
        let name = name.ok_or_else(invalid)?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(alias) = name.strip_suffix(MULTI_REGION_SUFFIX)
            && region.is_empty()
            && service == AccessPointService::S3
        {
            return match is_account && is_label(alias) {
                true => Ok(Self::MultiRegionAccessPoint(name.to_owned())),
                false => Err(invalid()),
            };
        }
        let label = format!("{name}-{account}");
        if !is_account || !is_label(region) || !is_label(name) || !is_label(&label) {
            return Err(invalid());
        }
        Ok(Self::AccessPoint {
            service,
            region: region.to_owned(),
            label,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> BucketName {
        BucketName::parse(name).unwrap()
    }

    #[test]
    fn kinds_of_buckets_are_distinguished_by_name() {
        for name in ["photos", "Old_Bucket", "a.b", "x--x-s3", "my-s3alias-2"] {
            assert_eq!(parse(name), BucketName::General(name.to_owned()));
        }
        for name in ["photos--usw2-az1--x-s3", "a--b--usw2-az1--x-s3", "ap--usw2-az1--xa-s3"] {
            let (name, zone) = (name.to_owned(), "usw2-az1".to_owned());
            assert_eq!(parse(&name.clone()), BucketName::Directory { name, zone });
        }
        let alias = "my-access-po-aqfqprnstn7aefdfbarligizwgyfouse1a-s3alias";
        assert_eq!(parse(alias), BucketName::Alias(alias.to_owned()));
        for arn in [
            "arn:aws:s3:us-west-2:123456789012:accesspoint/photos",
            "arn:aws-cn:s3:us-west-2:123456789012:accesspoint:photos",
        ] {
            let (service, region) = (AccessPointService::S3, "us-west-2".to_owned());
            let label = "photos-123456789012".to_owned();
            assert_eq!(parse(arn), BucketName::AccessPoint { service, region, label });
        }
        let arn = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap";
        let expected = BucketName::MultiRegionAccessPoint("mfzwi23gnjvgw.mrap".to_owned());
        assert_eq!(parse(arn), expected);
    }

    #[test]
    fn other_names_are_refused_with_a_reason() {
        for (name, reason) in [
            ("", "not a bucket name"),
            ("..", "not a bucket name"),
            ("a/b", "not a bucket name"),
            ("b?c", "not a bucket name"),
            ("b\n", "not a bucket name"),
            ("A_b--usw2-az1--x-s3", "directory bucket"),
            ("--usw2-az1--x-s3", "directory bucket"),
            ("arn:aws:s3::1234:accesspoint/mfzwi23gnjvgw.mrap", "not the ARN"),
            ("arn:aws:s3::123456789012:accesspoint/a.b.mrap", "not the ARN"),
            ("arn:aws:s3::123456789012:accesspoint/my-name", "not the ARN"),
            (
                "arn:aws:s3-object-lambda::123456789012:accesspoint/a.mrap",
                "not the ARN",
            ),
            ("ap-op-01234567890123456--op-s3", "Outpost"),
            ("arn:aws:s3:::photos", "without ARN"),
            ("arn:aws:s3:us-west-2:1234:accesspoint/photos", "not the ARN"),
            ("arn:aws:s3:us-west-2:123456789012:accesspoint/a/b", "not the ARN"),
            (
                "arn:aws:s3:us-west-2.example.com:123456789012:accesspoint/a",
                "not the ARN",
            ),
            ("arn:aws:sns:us-west-2:123456789012:topic", "not the ARN"),
            (
                "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/a",
                "Outpost",
            ),
        ] {
            let message = BucketName::parse(name).unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }
}

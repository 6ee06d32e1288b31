//! The table of the options that every function has.

use std::fmt::Display;

use super::common::CommonOptions;
use super::key_pattern::KeyPattern;
use super::spec::{OptionSpec, SetBy, in_range, joined, parsed, store};
use super::storage::{StorageBackend, StorageConfig};

/// Rows of name, who may set it, field, formatter, parser, and valid values.
macro_rules! option_specs {
    ($($name:literal $settable_by:ident $($field:ident).+, $show:expr, $parse:expr, $allowed:expr;)*) => {
        &[$(OptionSpec {
            name: $name,
            settable_by: SetBy::$settable_by,
            allowed: $allowed,
            show: |options| Some($show(&options.$($field).+)),
            set: |options, value| store($parse(value), &mut options.$($field).+),
        }),*]
    };
}

pub const COMMON_OPTION_SPECS: &[OptionSpec<CommonOptions>] = option_specs! {
    "jpeg_quality" Anyone output.jpeg_quality, text, |value| in_range(1, 100, value), "a whole number from 1 to 100";
    "oversized_jpeg" Anyone output.oversized_jpeg, text, parsed, "`refuse` or `lower_quality`";
    "output" Caller output.files, text, parsed, "`annotated`, `sidecar` or `both`";
    "output_key" Caller output.key_pattern, text, KeyPattern::parse,
        "a key that contains `{key}` once and does not end in `/`";
    "output_bucket" Caller output.bucket, optional, |value| bucket(value).map(Some), "a bucket name";
    "loop_guard" Operator output.loop_guard, text, parsed, "`true` or `false`";
    "max_bytes" Operator limits.max_bytes, text, |value| in_range(1, u64::MAX, value),
        "a whole number of bytes, 1 or more";
    "max_pixels" Operator limits.max_pixels, text, |value| in_range(1, u64::MAX, value),
        "a whole number of pixels, 1 or more";
    "storage" Operator storage.backend, text, StorageBackend::parse,
        "`s3` or `file:///FOLDER`";
    "buckets" Operator storage.allowed_buckets, joined_optional,
        |value| StorageConfig::parse_buckets(value).map(Some), "bucket names, separated by commas";
    "expected_bucket_owner" Operator storage.expected_bucket_owner, optional,
        |value| StorageConfig::parse_account_id(value).map(Some), "the 12 digits of an AWS account ID";
    "stream_responses" Operator stream_responses, text, parsed, "`true` or `false`";
    "cors_origins" Operator cors_origins, joined_optional, |value| origins(value).map(Some),
        "`*`, or origins such as `https://example.com`, separated by commas";
    "metrics_namespace" Operator metrics_namespace, optional, |value| namespace(value).map(Some),
        "a CloudWatch namespace of at most 255 characters";
};

fn text(value: &impl Display) -> String {
    value.to_string()
}

#[expect(clippy::ref_option, reason = "the table passes references to fields")]
fn optional(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

#[expect(clippy::ref_option, reason = "the table passes references to fields")]
fn joined_optional(values: &Option<Vec<String>>) -> String {
    joined(values.iter().flatten())
}

fn bucket(value: &str) -> Option<String> {
    StorageConfig::may_be_bucket(value).then(|| value.to_owned())
}

/// `*` alone, or origins as browsers send them, because they are compared byte by byte: a scheme, a host in lower case
/// and, unless it is the usual one, a port. Sources: Fetch Standard, "CORS protocol"; HTML Standard, "Origin".
fn origins(value: &str) -> Option<Vec<String>> {
    let origins: Vec<_> = value.split(',').map(|origin| origin.trim().to_owned()).collect();
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:[]".contains(&byte);
    let is_origin = |origin: &String| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some_and(|host| !host.is_empty() && host.bytes().all(is_allowed))
    };
    (value == "*" || origins.iter().all(is_origin)).then_some(origins)
}

/// Source: Amazon CloudWatch API Reference, PutMetricData, Namespace.
fn namespace(value: &str) -> Option<String> {
    let is_valid = !value.is_empty() && value.len() <= 255 && !value.starts_with(':');
    is_valid.then(|| value.to_owned())
}

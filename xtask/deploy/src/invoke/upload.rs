//! Puts a local photo into S3, where a deployed function may read it: into the bucket of its trigger, or else that of
//! the photo's event in the package. It is not sent again if it is there already.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use layer::Digest;
use serde_json::Value;
use support::files::file_name;
use support::output::display_path;
use support::progress::print_status;

use super::request::S3Object;
use crate::aws::{Aws, AwsCommand};
use crate::deployed::source_bucket;
use crate::function_version::FunctionVersion;
use crate::settings::{S3Prefix, Settings};
use crate::steps::trigger::prefix_of;

/// A part of the keys of photos that are put here.
const FOLDER: &str = "invoke-test";
/// Of the photo's digest, in the key.
const DIGEST_CHARS: usize = 12;

/// Where a photo is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    place: S3Prefix,
    /// Whether a new object there triggers the function.
    is_trigger: bool,
}

/// A photo in this machine's files, and its object.
pub struct Upload<'a> {
    photo: &'a Path,
    pub object: S3Object,
    destination: Destination,
    /// The owner of the bucket must be this account: a name in a package can be that of anyone's bucket.
    account: String,
}

impl Destination {
    /// `package_bucket` is that of the photo's event in the package.
    pub fn find(aws: &mut Aws, function: &FunctionVersion, settings: &Settings, package_bucket: &str) -> Result<Self> {
        let configured = || settings.on.iter().flatten().next().cloned();
        let trigger = deployed_trigger(aws, function)?.or_else(configured);
        let is_trigger = trigger.is_some();
        let place = trigger.unwrap_or_else(|| S3Prefix {
            bucket: package_bucket.to_owned(),
            prefix: String::new(),
        });
        Ok(Self { place, is_trigger })
    }

    fn object(&self, name: &str, content: &[u8]) -> S3Object {
        let digest = Digest::of(content).hex();
        let S3Prefix { bucket, prefix } = &self.place;
        S3Object {
            bucket: bucket.clone(),
            key: format!("{prefix}{FOLDER}/{digest:.DIGEST_CHARS$}/{name}"),
        }
    }
}

impl<'a> Upload<'a> {
    pub fn new(aws: &mut Aws, photo: &'a Path, destination: Destination) -> Result<Self> {
        let content = fs::read(photo)?;
        Ok(Self {
            photo,
            object: destination.object(&file_name(photo), &content),
            destination,
            account: aws.scope()?.account,
        })
    }

    /// A function may have moved or deleted what was put for a previous invocation.
    pub fn put_if_missing(&self, aws: &mut Aws) -> Result<()> {
        if exists(aws, &self.object)? {
            return Ok(());
        }
        let note = match self.destination.is_trigger {
            true => "; it is below the function's trigger, which invokes the function once more",
            false => "",
        };
        print_status(&format!(
            "uploading {} to {}{note}",
            display_path(self.photo),
            self.object
        ));
        let put = AwsCommand::new("s3api", "put-object")
            .option("bucket", &self.object.bucket)
            .option("key", &self.object.key)
            .option("body", self.photo.display())
            .option("expected-bucket-owner", &self.account);
        aws.run(&put).with_context(|| {
            format!(
                "failed to upload `{}` to {}; put it where the function can read it, and name it as s3://BUCKET/KEY",
                self.photo.display(),
                self.object
            )
        })?;
        Ok(())
    }
}

/// `false` if the caller may not know it: without the permission to list a bucket, S3 answers so for missing objects.
pub fn exists(aws: &mut Aws, object: &S3Object) -> Result<bool> {
    let head = AwsCommand::new("s3api", "head-object")
        .option("bucket", &object.bucket)
        .option("key", &object.key);
    Ok(aws.find_if_permitted(&head)?.is_some())
}

/// The first one, if the caller may read the function's policy and the bucket's notifications.
fn deployed_trigger(aws: &mut Aws, function: &FunctionVersion) -> Result<Option<S3Prefix>> {
    let mut command = AwsCommand::new("lambda", "get-policy").option("function-name", &function.name);
    if let Some(alias) = &function.alias {
        command = command.option("qualifier", alias);
    }
    let found = aws.find_if_permitted(&command)?;
    let Some(bucket) = found.and_then(|found| bucket_of_policy(found["Policy"].as_str()?)) else {
        return Ok(None);
    };
    let command = AwsCommand::new("s3api", "get-bucket-notification-configuration").option("bucket", &bucket);
    let notifications = aws.find_if_permitted(&command)?;
    let prefix = notifications.and_then(|found| prefix_of_notifications(&found, function));
    Ok(prefix.map(|prefix| S3Prefix { bucket, prefix }))
}

/// The first bucket that may invoke the function.
fn bucket_of_policy(policy: &str) -> Option<String> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let statements = policy["Statement"].as_array()?.iter();
    let mut of_s3 = statements.filter(|statement| statement["Principal"]["Service"] == "s3.amazonaws.com");
    of_s3.find_map(|statement| source_bucket(&statement["Condition"]).map(str::to_owned))
}

/// That of the first notification of the function, which may be for any of its aliases.
fn prefix_of_notifications(configuration: &Value, function: &FunctionVersion) -> Option<String> {
    let notifications = configuration["LambdaFunctionConfigurations"].as_array()?;
    let is_own = |notification: &&Value| {
        let arn = notification["LambdaFunctionArn"].as_str().unwrap_or_default();
        arn.split(':').nth(6) == Some(&function.name)
    };
    let found = notifications.iter().find(is_own)?;
    Some(prefix_of(found).to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::function_version::tests::function;

    #[test]
    fn keys_are_those_of_tests_and_of_the_content() {
        let destination = |prefix: &str| Destination {
            place: format!("s3://photos/{prefix}").parse().unwrap(),
            is_trigger: true,
        };
        let object = destination("in/").object("a b.jpg", b"abc");
        assert_eq!(object.to_string(), "s3://photos/in/invoke-test/ba7816bf8f01/a b.jpg");
        let object = destination("").object("a.jpg", b"abd");
        assert!(object.key.starts_with("invoke-test/") && !object.key.contains("ba7816bf8f01"));
    }

    #[test]
    fn the_trigger_is_that_of_the_policy_and_the_notifications() {
        let policy = json!({"Statement": [
            {"Principal": {"Service": "events.amazonaws.com"}, "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::no"}}},
            {"Principal": {"Service": "s3.amazonaws.com"}, "Condition": {
                "StringEquals": {"AWS:SourceAccount": "123456789012"},
                "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"},
            }},
        ]});
        assert_eq!(bucket_of_policy(&policy.to_string()).as_deref(), Some("photos"));
        assert_eq!(bucket_of_policy("{}"), None);
        let notification = |name: &str, rules: Value| {
            json!({
                "LambdaFunctionArn": format!("arn:aws:lambda:eu-central-1:123456789012:function:{name}"),
                "Filter": {"Key": {"FilterRules": rules}},
            })
        };
        let rules = json!([{"Name": "Suffix", "Value": ".jpg"}, {"Name": "Prefix", "Value": "in/"}]);
        let found = json!({"LambdaFunctionConfigurations": [
            notification("other", json!([])), notification("thumbs:live", rules),
        ]});
        assert_eq!(prefix_of_notifications(&found, &function()).as_deref(), Some("in/"));
        let whole_bucket = json!({"LambdaFunctionConfigurations": [notification("thumbs", Value::Null)]});
        assert_eq!(prefix_of_notifications(&whole_bucket, &function()).as_deref(), Some(""));
        assert_eq!(prefix_of_notifications(&json!({}), &function()), None);
    }
}

//! Buckets and queues.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;

use super::values::{Tags, tag_map, text};
use crate::aws::{Aws, AwsCommand};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeployedQueue {
    pub url: String,
    pub attributes: BTreeMap<String, String>,
    pub tags: Tags,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeployedBucket {
    pub region: String,
    /// The configuration of its notifications.
    pub notifications: Value,
}

impl DeployedQueue {
    /// The buckets that may send to it.
    pub fn source_buckets(&self) -> Vec<String> {
        let policy = self
            .attributes
            .get("Policy")
            .map(|text| serde_json::from_str::<Value>(text));
        let policy = policy.and_then(Result::ok).unwrap_or_default();
        let arns = &policy["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"];
        let arns = arns.as_array().into_iter().flatten().filter_map(Value::as_str);
        let buckets = arns.filter_map(|arn| arn.split_once(":::"));
        buckets.map(|(_, bucket)| bucket.to_owned()).collect()
    }
}

pub(super) fn queue(aws: &mut Aws, name: &str) -> Result<Option<DeployedQueue>> {
    let Some(found) = aws.find(&AwsCommand::new("sqs", "get-queue-url").option("queue-name", name))? else {
        return Ok(None);
    };
    let url = text(&found["QueueUrl"]);
    let command = AwsCommand::new("sqs", "get-queue-attributes").option("queue-url", &url);
    let attributes = aws.run(&command.option("attribute-names", "All"))?;
    let tags = aws.run(&AwsCommand::new("sqs", "list-queue-tags").option("queue-url", &url))?;
    Ok(Some(DeployedQueue {
        attributes: tag_map(&attributes["Attributes"]),
        tags: tag_map(&tags["Tags"]),
        url,
    }))
}

pub fn bucket(aws: &mut Aws, name: &str) -> Result<Option<DeployedBucket>> {
    let Some(found) = aws.find(&AwsCommand::new("s3api", "get-bucket-location").option("bucket", name))? else {
        return Ok(None);
    };
    let command = AwsCommand::new("s3api", "get-bucket-notification-configuration").option("bucket", name);
    let mut notifications = aws.run(&command)?;
    if notifications.is_null() {
        notifications = Value::Object(serde_json::Map::new());
    }
    Ok(Some(DeployedBucket {
        region: region(&found["LocationConstraint"]),
        notifications,
    }))
}

/// Of a bucket's location constraint.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>
fn region(constraint: &Value) -> String {
    match constraint.as_str() {
        None | Some("") => "us-east-1".to_owned(),
        Some("EU") => "eu-west-1".to_owned(),
        Some(region) => region.to_owned(),
    }
}

//! What is in the account, and what tests put there.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use serde_json::{Value, json};

use super::account::Account;
use super::names::{ACCOUNT, FUNCTION, REGION};

impl Account {
    pub fn create_bucket(&self, name: &str) -> Result<()> {
        let region = format!("LocationConstraint={REGION}");
        self.aws(&[
            "s3api",
            "create-bucket",
            "--bucket",
            name,
            "--create-bucket-configuration",
            &region,
        ])?;
        Ok(())
    }

    pub fn put(&self, bucket: &str, key: &str, file: &Path) -> Result<()> {
        let file = file.to_str().context("the file's path is not Unicode")?;
        self.aws(&["s3api", "put-object", "--bucket", bucket, "--key", key, "--body", file])?;
        Ok(())
    }

    pub fn put_text(&self, bucket: &str, key: &str, text: &str) -> Result<()> {
        let file = self.folder.path().join("text");
        fs::write(&file, text)?;
        self.put(bucket, key, &file)
    }

    /// # Errors
    /// There is no such object.
    pub fn head(&self, bucket: &str, key: &str) -> Result<Value> {
        self.aws(&["s3api", "head-object", "--bucket", bucket, "--key", key])
    }

    /// The names of all roles, sorted.
    pub fn roles(&self) -> Result<Vec<String>> {
        let found = self.aws(&["iam", "list-roles"])?;
        let roles = found["Roles"].as_array().into_iter().flatten();
        let names = roles.filter_map(|role| role["RoleName"].as_str().map(str::to_owned));
        let mut names: Vec<_> = names.collect();
        names.sort();
        Ok(names)
    }

    /// Lets a message of the function's queue fail after two attempts of a second, so that a test can wait for it.
    pub fn shorten_queue(&self) -> Result<()> {
        let found = self.aws(&["sqs", "get-queue-url", "--queue-name", FUNCTION])?;
        let url = found["QueueUrl"].as_str().context("the queue has no URL")?;
        let failed = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{FUNCTION}-failed");
        let redrive = json!({"deadLetterTargetArn": failed, "maxReceiveCount": 2}).to_string();
        let attributes = json!({"VisibilityTimeout": "1", "RedrivePolicy": redrive}).to_string();
        self.aws(&[
            "sqs",
            "set-queue-attributes",
            "--queue-url",
            url,
            "--attributes",
            &attributes,
        ])?;
        Ok(())
    }

    /// Makes a queue to which S3 may send; returns its ARN.
    pub fn queue(&self, name: &str) -> Result<String> {
        let statement = json!({
            "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*",
        });
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let attributes = json!({"Policy": policy}).to_string();
        let made = self.aws(&["sqs", "create-queue", "--queue-name", name, "--attributes", &attributes])?;
        let url = made["QueueUrl"].as_str().context("the queue has no URL")?;
        let found = self.aws(&[
            "sqs",
            "get-queue-attributes",
            "--queue-url",
            url,
            "--attribute-names",
            "QueueArn",
        ])?;
        let arn = found["Attributes"]["QueueArn"].as_str();
        Ok(arn.context("the queue has no ARN")?.to_owned())
    }

    pub fn notifications(&self, bucket: &str) -> Result<Value> {
        self.aws(&["s3api", "get-bucket-notification-configuration", "--bucket", bucket])
    }

    pub fn put_notifications(&self, bucket: &str, configuration: &Value) -> Result<()> {
        let operation = "put-bucket-notification-configuration";
        let text = configuration.to_string();
        self.aws(&[
            "s3api",
            operation,
            "--bucket",
            bucket,
            "--notification-configuration",
            &text,
        ])?;
        Ok(())
    }

    pub fn live_version(&self) -> Result<String> {
        let found = self.aws(&["lambda", "get-alias", "--function-name", FUNCTION, "--name", "live"])?;
        Ok(found["FunctionVersion"].as_str().unwrap_or_default().to_owned())
    }

    /// The names of all resources that `deploy` can make, by their kinds, without kinds of which there are none.
    pub fn resources(&self) -> Result<Value> {
        let mut all = serde_json::Map::new();
        for (kind, command, list, name) in [
            ("functions", ["lambda", "list-functions"], "Functions", "FunctionName"),
            (
                "mappings",
                ["lambda", "list-event-source-mappings"],
                "EventSourceMappings",
                "UUID",
            ),
            ("roles", ["iam", "list-roles"], "Roles", "RoleName"),
            ("queues", ["sqs", "list-queues"], "QueueUrls", ""),
            (
                "log groups",
                ["logs", "describe-log-groups"],
                "logGroups",
                "logGroupName",
            ),
            (
                "repositories",
                ["ecr", "describe-repositories"],
                "repositories",
                "repositoryName",
            ),
        ] {
            let found = self.aws(&command)?;
            let elements = found[list].as_array().cloned().unwrap_or_default();
            let names = elements.iter().map(|element| match name {
                // The end of the queue's URL.
                "" => element
                    .as_str()
                    .and_then(|url| url.rsplit('/').next())
                    .unwrap_or_default(),
                name => element[name].as_str().unwrap_or_default(),
            });
            let names: Vec<_> = names.collect();
            if !names.is_empty() {
                all.insert(kind.to_owned(), json!(names));
            }
        }
        Ok(all.into())
    }

    /// The logs of all functions, for messages.
    pub fn function_logs(&self) -> Result<String> {
        let groups = self.aws(&["logs", "describe-log-groups"])?;
        let groups = groups["logGroups"].as_array().cloned().unwrap_or_default();
        let mut logs = String::new();
        for group in groups.iter().filter_map(|group| group["logGroupName"].as_str()) {
            let found = self.aws(&["logs", "filter-log-events", "--log-group-name", group])?;
            let events = found["events"].as_array().into_iter().flatten();
            logs.extend(events.filter_map(|event| event["message"].as_str()));
        }
        Ok(logs)
    }
}

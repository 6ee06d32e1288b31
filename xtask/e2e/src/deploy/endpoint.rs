//! What the stand-in for S3 Batch Operations does in the account, with the AWS CLI.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde_json::{Value, json};
use support::run::{Shell, cmd, output};

use super::names::{REGION, ROOT};

#[derive(Clone)]
pub struct Endpoint {
    aws: PathBuf,
    url: String,
}

impl Endpoint {
    pub fn new(aws: &Path, url: &str) -> Self {
        Self {
            aws: aws.to_owned(),
            url: url.to_owned(),
        }
    }

    fn call(&self, arguments: &[&str]) -> Result<Value> {
        let (shell, aws, [key, secret]) = (Shell::new()?, &self.aws, ROOT);
        let command = cmd!(shell, "{aws} --output json").args(arguments);
        let text = output(
            command
                .env("FAIL_ONCE", "")
                .env("AWS_ENDPOINT_URL", &self.url)
                .env("AWS_DEFAULT_REGION", REGION)
                .env("AWS_ACCESS_KEY_ID", key)
                .env("AWS_SECRET_ACCESS_KEY", secret),
        )?;
        match text.as_str() {
            "" => Ok(Value::Null),
            text => Ok(serde_json::from_str(text)?),
        }
    }

    /// # Errors
    /// The policies of the role do not allow it.
    pub fn check_permission(&self, role: &str, action: &str, resource: &str) -> Result<()> {
        let operation = ["iam", "simulate-principal-policy", "--policy-source-arn", role];
        let found = self.call(&[&operation[..], &["--action-names", action, "--resource-arns", resource]].concat())?;
        let decision = &found["EvaluationResults"][0]["EvalDecision"];
        ensure!(decision == "allowed", "{role} may not {action} {resource}: {found}");
        Ok(())
    }

    /// The content and the `ETag` of an object.
    pub fn object(&self, bucket: &str, key: &str) -> Result<(Vec<u8>, String)> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("object");
        let path = file.to_str().context("the file's path is not Unicode")?;
        let found = self.call(&["s3api", "get-object", "--bucket", bucket, "--key", key, path])?;
        let etag = found["ETag"].as_str().context("an object has no ETag")?;
        Ok((fs::read(&file)?, etag.trim_matches('"').to_owned()))
    }

    pub fn put(&self, bucket: &str, key: &str, content: &[u8]) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("object");
        fs::write(&file, content)?;
        let path = file.to_str().context("the file's path is not Unicode")?;
        self.call(&["s3api", "put-object", "--bucket", bucket, "--key", key, "--body", path])?;
        Ok(())
    }

    /// The answer of a function, whose ARN has an alias.
    pub fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let folder = tempfile::tempdir()?;
        let (payload, answer) = (folder.path().join("event"), folder.path().join("answer"));
        fs::write(&payload, event.to_string())?;
        let payload = format!("fileb://{}", payload.display());
        let path = answer.to_str().context("the file's path is not Unicode")?;
        self.call(&[
            "lambda",
            "invoke",
            "--function-name",
            function,
            "--payload",
            &payload,
            path,
        ])?;
        Ok(serde_json::from_slice(&fs::read(&answer)?)?)
    }

    /// Moves all messages from one queue to another; returns their number.
    pub fn move_messages(&self, source: &str, target: &str) -> Result<usize> {
        let url = |name: &str| -> Result<String> {
            let found = self.call(&["sqs", "get-queue-url", "--queue-name", name])?;
            let url = found["QueueUrl"].as_str().context("a queue has no URL")?;
            Ok(url.to_owned())
        };
        let (source, target) = (url(source)?, url(target)?);
        let mut moved = 0;
        loop {
            let receive = ["sqs", "receive-message", "--max-number-of-messages", "10"];
            let received = self.call(&[&receive[..], &["--queue-url", &source]].concat())?;
            let messages = received["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return Ok(moved);
            }
            for message in messages {
                let text = |field: &str| message[field].as_str().unwrap_or_default();
                let send = json!({"QueueUrl": target, "MessageBody": text("Body")}).to_string();
                self.call(&["sqs", "send-message", "--cli-input-json", &send])?;
                let delete = json!({"QueueUrl": source, "ReceiptHandle": text("ReceiptHandle")}).to_string();
                self.call(&["sqs", "delete-message", "--cli-input-json", &delete])?;
                moved += 1;
            }
        }
    }
}

//! Tasks of an S3 Batch Operations job, in both versions of the schema. 2.0 has the bucket's name where 1.0
//! has its ARN, and can contain the job's user arguments, which are options here.
//! Source: Amazon S3 User Guide, "Invoke AWS Lambda function".

use serde::Deserialize;
use serde_json::Value;

use super::common::{Object, deserialize};
use super::direct::parse_options;
use super::s3::{decode_key, version_id};
use crate::error::{Error, Result};
use crate::options::RawOptions;

#[derive(Debug)]
pub struct BatchRequest {
    pub schema_version: String,
    pub invocation_id: String,
    /// The job's user arguments.
    pub options: Result<RawOptions>,
    pub tasks: Vec<Task>,
}

#[derive(Debug)]
pub struct Task {
    pub id: String,
    pub object: Result<Object>,
}

/// The event type of `aws_lambda_events` has the fields of 1.0 only.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    invocation_schema_version: String,
    invocation_id: String,
    job: Job,
    tasks: Vec<EventTask>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    user_arguments: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventTask {
    task_id: String,
    s3_key: String,
    s3_version_id: Option<String>,
    s3_bucket_arn: Option<String>,
    s3_bucket: Option<String>,
}

pub(super) fn parse(event: Value) -> Result<BatchRequest> {
    let event: Event = deserialize(event, "S3 Batch Operations event")?;
    let task = |task: EventTask| Task {
        id: task.task_id.clone(),
        object: object(task),
    };
    Ok(BatchRequest {
        schema_version: event.invocation_schema_version,
        invocation_id: event.invocation_id,
        options: parse_options(event.job.user_arguments.as_ref()),
        tasks: event.tasks.into_iter().map(task).collect(),
    })
}

fn object(task: EventTask) -> Result<Object> {
    // arn:PARTITION:s3:::NAME
    let bucket_of_arn = |arn: String| {
        let mut parts = arn.splitn(6, ':');
        let known = parts.next() == Some("arn") && parts.nth(1) == Some("s3");
        let name = parts.nth(2).filter(|name| known && !name.is_empty());
        name.map(str::to_owned)
            .ok_or_else(|| Error::InvalidRequest(format!("`{arn}` is not the ARN of a bucket")))
    };
    let bucket = match (task.s3_bucket, task.s3_bucket_arn) {
        (Some(name), _) => name,
        (None, Some(arn)) => bucket_of_arn(arn)?,
        (None, None) => {
            return Err(Error::InvalidRequest(
                "the task has neither `s3Bucket` nor `s3BucketArn`".to_owned(),
            ));
        }
    };
    Ok(Object {
        bucket,
        key: decode_key(&task.s3_key)?,
        version_id: version_id(task.s3_version_id),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batch(schema: &str, arguments: &Value, task: &Value) -> BatchRequest {
        parse(json!({
            "invocationSchemaVersion": schema, "invocationId": "i",
            "job": {"id": "j", "userArguments": arguments}, "tasks": [task],
        }))
        .unwrap()
    }

    #[test]
    fn schema_versions_1_and_2_name_the_same_object() {
        let first = batch(
            "1.0",
            &Value::Null,
            &json!({"taskId": "t", "s3Key": "a+b%2Bc.jpg", "s3VersionId": "1", "s3BucketArn": "arn:aws-cn:s3:::photos"}),
        );
        let second = batch(
            "2.0",
            &json!({"preset": "accurate"}),
            &json!({"taskId": "t", "s3Key": "a+b%2Bc.jpg", "s3VersionId": "1", "s3Bucket": "photos"}),
        );
        let object = first.tasks[0].object.clone().unwrap();
        assert_eq!(object, second.tasks[0].object.clone().unwrap());
        assert_eq!(
            (
                object.bucket.as_str(),
                object.key.as_str(),
                object.version_id.as_deref()
            ),
            ("photos", "a b+c.jpg", Some("1"))
        );
        assert!(first.options.unwrap().is_empty());
        let expected = vec![("preset".to_owned(), "accurate".to_owned())];
        assert_eq!(second.options.unwrap(), expected);
    }

    #[test]
    fn task_without_a_bucket_fails_on_its_own() {
        for task in [
            json!({"taskId": "t", "s3Key": "a.jpg"}),
            json!({"taskId": "t", "s3Key": "a.jpg", "s3BucketArn": "photos"}),
            json!({"taskId": "t", "s3Key": "a.jpg", "s3BucketArn": "arn:aws:sqs:x:y:photos"}),
        ] {
            let batch = batch("1.0", &Value::Null, &task);
            let error = batch.tasks[0].object.clone().unwrap_err();
            assert_eq!(error.name(), "InvalidRequest");
        }
    }
}

//! Tasks of an S3 Batch Operations job, in both versions of the schema. 2.0 has the bucket's name where 1.0
//! has its ARN, and can contain the job's user arguments, which are options here.
//! Source: Amazon S3 User Guide, "Invoke AWS Lambda function".

use serde_json::Value;

use super::common::{MAX_QUOTED_CHARS, Object, decode_key, required, text, version_id};
use super::event_options;
use crate::error::{Error, Result};
use crate::options::RawOptions;
use crate::truncate::truncate;

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

/// # Errors
/// Something is missing without which S3 could not match the response to the job.
pub(super) fn parse(event: &Value) -> Result<BatchRequest> {
    let what = "S3 Batch Operations event";
    let tasks = event.get("tasks").and_then(Value::as_array);
    let tasks = tasks.ok_or_else(|| Error::InvalidRequest(format!("the {what} has no list in `tasks`")))?;
    let task = |task: &Value| {
        Ok(Task {
            id: required(task, "/taskId", "task of the S3 Batch Operations job")?,
            object: object(task),
        })
    };
    Ok(BatchRequest {
        schema_version: required(event, "/invocationSchemaVersion", what)?,
        invocation_id: required(event, "/invocationId", what)?,
        options: event_options::parse(event.pointer("/job/userArguments")),
        tasks: tasks.iter().map(task).collect::<Result<_>>()?,
    })
}

fn object(task: &Value) -> Result<Object> {
    let bucket = match (text(task, "/s3Bucket"), text(task, "/s3BucketArn")) {
        (Some(name), _) => name.to_owned(),
        (None, Some(arn)) => bucket_of_arn(arn)?,
        (None, None) => {
            return Err(Error::InvalidRequest(
                "the task has neither `s3Bucket` nor `s3BucketArn`".to_owned(),
            ));
        }
    };
    Ok(Object {
        bucket,
        key: decode_key(&required(task, "/s3Key", "task")?)?,
        version_id: version_id(text(task, "/s3VersionId")),
    })
}

/// The name in `arn:PARTITION:s3:::NAME`. AWS's examples have a region and an account as well.
fn bucket_of_arn(arn: &str) -> Result<String> {
    match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", _, "s3", _, _, name] if !name.is_empty() && !name.contains(['/', ':']) => Ok(name.to_owned()),
        _ => {
            let arn = truncate(arn, MAX_QUOTED_CHARS);
            Err(Error::InvalidRequest(format!("`{arn}` is not the ARN of a bucket")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batch(schema: &str, arguments: &Value, task: &Value) -> BatchRequest {
        parse(&json!({
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
            json!({"taskId": "t", "s3Bucket": "photos"}),
            json!({"taskId": "t", "s3Key": "a.jpg", "s3BucketArn": "photos"}),
            json!({"taskId": "t", "s3Key": "a.jpg", "s3BucketArn": "arn:aws:sqs:x:y:photos"}),
            json!({"taskId": "t", "s3Key": "a.jpg", "s3BucketArn": "arn:aws:s3:x:y:accesspoint/photos"}),
            json!({"taskId": "t", "s3Key": "a.jpg", "s3BucketArn": "arn:aws:s3:::"}),
        ] {
            let batch = batch("1.0", &Value::Null, &task);
            let error = batch.tasks[0].object.clone().unwrap_err();
            assert_eq!(error.name(), "InvalidRequest");
        }
    }

    #[test]
    fn what_the_response_repeats_is_required() {
        for (event, field) in [
            (json!({"invocationSchemaVersion": "1.0"}), "`tasks`"),
            (json!({"invocationSchemaVersion": "1.0", "tasks": []}), "`invocationId`"),
            (
                json!({"invocationSchemaVersion": 1, "tasks": []}),
                "`invocationSchemaVersion`",
            ),
            (
                json!({"invocationSchemaVersion": "1.0", "invocationId": "i", "tasks": [{}]}),
                "`taskId`",
            ),
        ] {
            let message = parse(&event).unwrap_err().to_string();
            assert!(message.contains(field), "{event}: {message}");
        }
    }
}

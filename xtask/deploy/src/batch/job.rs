//! A job of S3 Batch Operations: the steps that make it, and what `describe-job` says about it.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};
use support::output::display_path;

use crate::arn::Scope;
use crate::aws::{Aws, AwsCommand};
use crate::settings::S3Prefix;
use crate::steps::{Change, Step};

/// Names in the folder of a job.
pub const MANIFEST: &str = "manifest.csv";
pub const REPORT: &str = "report";
/// The variable that has the job's ID after the steps.
pub const JOB_ID: &str = "JOB";
/// Jobs of higher priority go first, if there are several.
const PRIORITY: u32 = 10;

/// What a job is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRequest<'a> {
    pub function_arn: &'a str,
    pub role: &'a str,
    /// That of this job alone.
    pub folder: &'a S3Prefix,
    /// The same one makes no second job.
    pub token: &'a str,
    pub description: &'a str,
    /// The manifest on this machine.
    pub manifest: &'a Path,
    pub number: usize,
}

impl JobRequest<'_> {
    /// The upload of the manifest, and the job.
    pub fn steps(&self, scope: &Scope) -> Vec<Step> {
        let S3Prefix { bucket, prefix } = self.folder;
        let key = format!("{prefix}{MANIFEST}");
        let upload = AwsCommand::new("s3api", "put-object")
            .option("bucket", bucket)
            .option("key", &key)
            .option("body", display_path(self.manifest))
            .option("expected-bucket-owner", &scope.account)
            .returning("ETAG", "ETag");
        let operation = json!({"LambdaInvoke": {
            "FunctionArn": self.function_arn, "InvocationSchemaVersion": "2.0",
        }});
        // The tag is in quotes, which JSON would need to escape.
        let manifest = format!(
            "Spec={{Format=S3BatchOperations_CSV_20180820,Fields=[Bucket,Key]}},Location={{ObjectArn={},ETag=$ETAG}}",
            scope.object(bucket, &key)
        );
        let report = json!({
            "Bucket": scope.bucket(bucket), "Prefix": format!("{prefix}{REPORT}"), "Format": "Report_CSV_20180820",
            "Enabled": true, "ReportScope": "FailedTasksOnly",
        });
        let create = AwsCommand::new("s3control", "create-job")
            .option("account-id", &scope.account)
            .option("operation", operation)
            .option_referring("manifest", &manifest, "ETAG")
            .option("report", report)
            .option("priority", PRIORITY)
            .option("role-arn", scope.role(self.role))
            .option("client-request-token", self.token)
            .option("description", self.description)
            .flag("no-confirmation-required")
            .returning(JOB_ID, "JobId");
        vec![
            Step::new(format!("manifest s3://{bucket}/{key}"), Change::Create, vec![upload]),
            Step::new(format!("job for {} objects", self.number), Change::Create, vec![create]),
        ]
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub id: String,
    pub status: String,
    pub description: String,
    pub created: String,
    pub total: u64,
    pub succeeded: u64,
    pub failed: u64,
    /// The seconds in which it was active.
    pub seconds: u64,
    /// Why S3 ended the job, or does not run it.
    pub reasons: Vec<String>,
    #[serde(skip)]
    pub report: Option<S3Prefix>,
}

impl Job {
    /// # Errors
    /// The job does not exist, or cannot be read.
    pub fn find(aws: &mut Aws, scope: &Scope, id: &str) -> Result<Self> {
        let command = AwsCommand::new("s3control", "describe-job");
        let command = command.option("account-id", &scope.account).option("job-id", id);
        match aws.run(&command) {
            Ok(found) => Self::parse(&found).with_context(|| format!("the description of the job {id} has no `Job`")),
            Err(error) if error.has_code(&["NoSuchJob", "NotFoundException", "NotFound"]) => {
                Err(error).with_context(|| {
                    format!(
                        "the job {id} does not exist in the account {} and {}; `aws s3control list-jobs --account-id {}` lists \
                         those of the last 90 days",
                        scope.account, scope.region, scope.account
                    )
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Of the output of `describe-job`.
    fn parse(found: &Value) -> Option<Self> {
        let job = found["Job"].as_object()?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let progress = &found["Job"]["ProgressSummary"];
        let number = |name: &str| progress[name].as_u64().unwrap_or_default();
        let failures = found["Job"]["FailureReasons"].as_array().into_iter().flatten();
        let failures = failures.map(|failure| {
            let (code, reason) = (text(failure.get("FailureCode")), text(failure.get("FailureReason")));
            format!("{code}: {reason}")
        });
        let other = ["StatusUpdateReason", "SuspendedCause"].into_iter();
        let other = other
            .map(|name| text(job.get(name)))
            .filter(|reason| !reason.is_empty());
        let report = &found["Job"]["Report"];
        let report = report["Bucket"]
            .as_str()
            .and_then(|arn| arn.split_once(":::"))
            .map(|(_, bucket)| S3Prefix {
                bucket: bucket.to_owned(),
                prefix: text(report.get("Prefix")),
            });
        Some(Self {
            id: text(job.get("JobId")),
            status: text(job.get("Status")),
            description: text(job.get("Description")),
            created: text(job.get("CreationTime")),
            total: number("TotalNumberOfTasks"),
            succeeded: number("NumberOfTasksSucceeded"),
            failed: number("NumberOfTasksFailed"),
            seconds: progress["Timers"]["ElapsedTimeInActiveSeconds"]
                .as_u64()
                .unwrap_or_default(),
            reasons: failures.chain(other).collect(),
            report,
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-job-status.html>
    pub fn has_ended(&self) -> bool {
        ["Complete", "Failed", "Cancelled"].contains(&self.status.as_str())
    }

    /// Whether someone must confirm it first.
    pub fn is_suspended(&self) -> bool {
        self.status == "Suspended"
    }

    /// Tasks that have ended.
    pub fn ended_tasks(&self) -> u64 {
        self.succeeded + self.failed
    }

    /// The folder of its report.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html>
    pub fn report_folder(&self) -> Option<S3Prefix> {
        let report = self.report.as_ref()?;
        let prefix = match report.prefix.as_str() {
            "" => format!("job-{}/", self.id),
            prefix => format!("{prefix}/job-{}/", self.id),
        };
        Some(S3Prefix {
            bucket: report.bucket.clone(),
            prefix,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> Value {
        json!({"Job": {
            "JobId": "93735294-df46-44d5-8638-6356f335324e", "Status": "Failed",
            "JobArn": "arn:aws:s3:us-west-2:123456789012:job/93735294-df46-44d5-8638-6356f335324e",
            "ConfirmationRequired": false, "Description": "thumbs:live for s3://photos/in/", "Priority": 10,
            "CreationTime": "2026-11-29T19:00:00.123000+00:00", "TerminationDate": "2026-11-29T19:10:00+00:00",
            "ProgressSummary": {
                "TotalNumberOfTasks": 1000, "NumberOfTasksSucceeded": 400, "NumberOfTasksFailed": 600,
                "Timers": {"ElapsedTimeInActiveSeconds": 50},
            },
            "FailureReasons": [{"FailureCode": "JobFailureThresholdReached", "FailureReason": "too many tasks failed"}],
            "Report": {
                "Bucket": "arn:aws:s3:::photos", "Prefix": "batch-jobs/thumbs/2026-11-29-a1/report",
                "Format": "Report_CSV_20180820", "Enabled": true, "ReportScope": "FailedTasksOnly",
            },
        }})
    }

    #[test]
    fn descriptions_have_progress_reasons_and_the_report() {
        let job = Job::parse(&failed()).unwrap();
        assert_eq!(
            (job.total, job.succeeded, job.failed, job.seconds),
            (1000, 400, 600, 50)
        );
        assert!(job.has_ended() && !job.is_suspended() && job.ended_tasks() == 1000);
        assert_eq!(job.reasons, ["JobFailureThresholdReached: too many tasks failed"]);
        let folder = job.report_folder().unwrap().to_string();
        let expected = "s3://photos/batch-jobs/thumbs/2026-11-29-a1/report/job-93735294-df46-44d5-8638-6356f335324e/";
        assert_eq!(folder, expected);
    }

    /// Of a job that was made a moment ago.
    #[test]
    fn descriptions_can_lack_most_fields() {
        let job = Job::parse(&json!({"Job": {"JobId": "j-1", "Status": "New", "ProgressSummary": {}}})).unwrap();
        assert_eq!((job.total, job.has_ended(), job.report_folder()), (0, false, None));
        assert!(job.reasons.is_empty());
        let paused = json!({"Job": {"Status": "Suspended", "SuspendedCause": "Awaiting confirmation"}});
        let paused = Job::parse(&paused).unwrap();
        assert_eq!(
            (paused.is_suspended(), paused.reasons),
            (true, vec!["Awaiting confirmation".to_owned()])
        );
        assert_eq!(Job::parse(&json!({})), None);
    }
}

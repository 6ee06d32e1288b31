//! A job of a stand-in for S3 Batch Operations: it reads the manifest, invokes the function with the documented event
//! for each line, and writes the documented report. Sources: Amazon S3 User Guide, "Invoke AWS Lambda function" and
//! "Examples: S3 Batch Operations completion reports".

use anyhow::{Context, Result, bail, ensure};
use layer::Digest;
use roxmltree::{Document, Node};
use serde_json::{Value, json};

use super::endpoint::Endpoint;

/// What a job is made from.
#[derive(Clone, Debug)]
pub struct JobRequest {
    pub token: String,
    role: String,
    function: String,
    manifest: String,
    etag: String,
    report_bucket: String,
    report_prefix: String,
}

#[derive(Clone, Debug, Default)]
pub struct Job {
    pub id: String,
    pub status: &'static str,
    pub total: usize,
    pub succeeded: usize,
    pub failed: usize,
    pub failure: String,
    pub report: (String, String),
}

impl JobRequest {
    /// Of the body of `CreateJob`.
    pub fn parse(body: &str) -> Result<Self> {
        let document = Document::parse(body)?;
        let text = |path: &[&str]| -> Result<String> {
            let found = path.iter().try_fold(document.root_element(), child);
            let found = found.and_then(|node| node.text()).map(str::to_owned);
            found.with_context(|| format!("the job has no {path:?}: {body}"))
        };
        for (path, expected) in [
            (&["Manifest", "Spec", "Format"][..], "S3BatchOperations_CSV_20180820"),
            (&["Operation", "LambdaInvoke", "InvocationSchemaVersion"], "2.0"),
            (&["Report", "Format"], "Report_CSV_20180820"),
            (&["Report", "Enabled"], "true"),
            (&["ConfirmationRequired"], "false"),
        ] {
            ensure!(text(path)? == expected, "{path:?} is not {expected}: {body}");
        }
        Ok(Self {
            role: text(&["RoleArn"])?,
            token: text(&["ClientRequestToken"])?,
            function: text(&["Operation", "LambdaInvoke", "FunctionArn"])?,
            manifest: text(&["Manifest", "Location", "ObjectArn"])?,
            etag: text(&["Manifest", "Location", "ETag"])?,
            report_bucket: resource(&text(&["Report", "Bucket"])?)?.to_owned(),
            report_prefix: text(&["Report", "Prefix"])?,
        })
    }

    pub fn job(&self, id: String) -> Job {
        Job {
            id,
            status: "New",
            report: (self.report_bucket.clone(), self.report_prefix.clone()),
            ..Job::default()
        }
    }

    /// Calls `update` whenever the job changes.
    pub fn run(&self, endpoint: &Endpoint, mut job: Job, update: impl Fn(&Job)) {
        if let Err(error) = self.try_run(endpoint, &mut job, &update) {
            job.status = "Failed";
            job.failure = format!("{error:#}");
        }
        update(&job);
    }

    fn try_run(&self, endpoint: &Endpoint, job: &mut Job, update: &impl Fn(&Job)) -> Result<()> {
        let (bucket, key) = resource(&self.manifest)?
            .split_once('/')
            .context("the manifest has no key")?;
        endpoint.check_permission(&self.role, "s3:GetObject", &self.manifest)?;
        endpoint.check_permission(&self.role, "lambda:InvokeFunction", &self.function)?;
        let (manifest, etag) = endpoint.object(bucket, key)?;
        ensure!(etag == self.etag, "the manifest has another ETag: {etag}");
        let manifest = String::from_utf8(manifest)?;
        let lines: Vec<_> = manifest.lines().filter_map(|line| line.split_once(',')).collect();
        (job.status, job.total) = ("Active", lines.len());
        update(job);
        let mut failures = String::new();
        for (number, (bucket, key)) in lines.into_iter().enumerate() {
            let answer = self.invoke(endpoint, &job.id, number, (bucket, key))?;
            let result = &answer["results"][0];
            let text = result["resultString"].as_str().context("a result has no text")?;
            match result["resultCode"].as_str() {
                Some("Succeeded") => job.succeeded += 1,
                Some(code) => {
                    job.failed += 1;
                    let text = text.replace('"', "\"\"");
                    failures += &format!("{bucket},{key},,failed,200,{code},\"{text}\"\n");
                }
                None => bail!("the function answered {answer}"),
            }
            update(job);
        }
        self.write_report(endpoint, &job.id, &failures)?;
        job.status = "Complete";
        Ok(())
    }

    fn invoke(&self, endpoint: &Endpoint, job: &str, number: usize, (bucket, key): (&str, &str)) -> Result<Value> {
        let event = json!({
            "invocationSchemaVersion": "2.0", "invocationId": format!("invocation-{number}"),
            "job": {"id": job, "userArguments": {}},
            "tasks": [{"taskId": format!("task-{number}"), "s3Key": key, "s3VersionId": null, "s3Bucket": bucket}],
        });
        endpoint.invoke(&self.function, &event)
    }

    fn write_report(&self, endpoint: &Endpoint, job: &str, failures: &str) -> Result<()> {
        let folder = format!("{}/job-{job}", self.report_prefix);
        let bucket = &self.report_bucket;
        let files = format!("arn:aws:s3:::{bucket}/{folder}");
        endpoint.check_permission(&self.role, "s3:PutObject", &format!("{files}/manifest.json"))?;
        endpoint.check_permission(&self.role, "s3:PutObject", &format!("{files}/results/1.csv"))?;
        let mut results = Vec::new();
        if !failures.is_empty() {
            let name = Digest::of(failures.as_bytes()).hex();
            let key = format!("{folder}/results/{name:.40}.csv");
            endpoint.put(bucket, &key, failures.as_bytes())?;
            results.push(json!({
                "TaskExecutionStatus": "failed", "Bucket": bucket, "MD5Checksum": format!("{name:.32}"), "Key": key,
            }));
        }
        let manifest = json!({
            "Format": "Report_CSV_20180820", "ReportCreationDate": "2026-11-29T17:48:39.725Z", "Results": results,
            "ReportSchema": "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage",
        });
        endpoint.put(
            bucket,
            &format!("{folder}/manifest.json"),
            manifest.to_string().as_bytes(),
        )
    }
}

fn child<'a, 'b>(node: Node<'a, 'b>, name: &&str) -> Option<Node<'a, 'b>> {
    node.children()
        .find(|child| child.has_tag_name(*name) || child.tag_name().name() == *name)
}

/// Of the ARN of a bucket or an object.
fn resource(arn: &str) -> Result<&str> {
    let (_, name) = arn
        .split_once(":::")
        .with_context(|| format!("`{arn}` is not an ARN of S3"))?;
    Ok(name)
}

impl Job {
    /// The response to `DescribeJob`.
    pub fn to_xml(&self) -> String {
        let (bucket, prefix) = &self.report;
        let failure = match self.failure.as_str() {
            "" => String::new(),
            text => format!(
                "<FailureReasons><member><FailureCode>InvalidManifest</FailureCode><FailureReason>{}</FailureReason>\
                 </member></FailureReasons>",
                text.replace('&', "&amp;").replace('<', "&lt;")
            ),
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <DescribeJobResult xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\"><Job><JobId>{}</JobId>\
             <Status>{}</Status><Priority>10</Priority><CreationTime>2026-11-29T17:48:39.725Z</CreationTime>\
             <ProgressSummary><TotalNumberOfTasks>{}</TotalNumberOfTasks><NumberOfTasksSucceeded>{}\
             </NumberOfTasksSucceeded><NumberOfTasksFailed>{}</NumberOfTasksFailed><Timers><ElapsedTimeInActiveSeconds>1\
             </ElapsedTimeInActiveSeconds></Timers></ProgressSummary>{failure}<Report><Bucket>arn:aws:s3:::{bucket}\
             </Bucket><Format>Report_CSV_20180820</Format><Enabled>true</Enabled><Prefix>{prefix}</Prefix>\
             <ReportScope>FailedTasksOnly</ReportScope></Report></Job></DescribeJobResult>",
            self.id, self.status, self.total, self.succeeded, self.failed
        )
    }
}

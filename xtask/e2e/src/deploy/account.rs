//! An account in MiniStack, which is started on loopback and ends with this value, and the AWS CLI for it.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use opencv_build::internals::find_python;
use package::workspace::Workspace;
use serde_json::{Value, json};
use support::child::Child;
use support::run::{Cmd, Shell, cmd, output, wait_with_output};
use tempfile::TempDir;

use super::super::{pinned_wheels, programs};
use super::aws_program;
use super::batch_service::BatchService;
use super::endpoint::Endpoint;

const START_TIMEOUT: Duration = Duration::from_secs(60);
const FUNCTION: &str = "face-detect";
pub const REGION: &str = "eu-central-1";
/// MiniStack's.
pub const ACCOUNT: &str = "000000000000";
/// Actions of which MiniStack does not know the resource, unlike AWS; the last one is what it takes `GetAlias` for.
const WITHOUT_RESOURCE: [&str; 4] = [
    "ecr:DescribeRepositories",
    "lambda:CreateEventSourceMapping",
    "lambda:CreateFunction",
    "lambda:ListAliases",
];
/// The access key and the secret of the account's owner.
pub const ROOT: [&str; 2] = ["test", "test"];

pub struct Account {
    shell: Shell,
    url: String,
    batch: BatchService,
    /// With the program `aws`, and the state of its failures.
    folder: TempDir,
    server_log: PathBuf,
    path: OsString,
    /// The key and its secret of whoever runs the project's commands.
    user: [String; 2],
    _server: Child,
}

impl Account {
    pub fn start(workspace: &Workspace) -> Result<Self> {
        let server_wheels = pinned_wheels::install(workspace, "ministack")?;
        let cli_wheels = pinned_wheels::install(workspace, "aws-cli")?;
        let python = find_python()?;
        let folder = tempfile::tempdir()?;
        let bin = aws_program::write(folder.path(), &python, &cli_wheels)?;
        let aws = bin.join("aws");
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&others)))?;

        let shell = Shell::new()?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let server_log = folder.path().join("server.log");
        let state = folder.path().join("state");
        fs::create_dir(&state)?;
        let server = cmd!(shell, "{python} -m ministack.app")
            .env("PYTHONPATH", &server_wheels)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            // Otherwise it listens on another port.
            .env("IOT_MTLS_ENABLED", "0")
            // It checks signatures and policies, and the function gets its role's credentials.
            .env("AUTH", "true")
            .env("TMPDIR", &state)
            .env("HOME", &state);
        let account = Self {
            _server: Child::start_logged(server, &server_log)?,
            batch: BatchService::start(Endpoint::new(&aws, &url))?,
            shell,
            url,
            folder,
            server_log,
            path,
            user: ROOT.map(str::to_owned),
        };
        account.wait_until_ready()?;
        Ok(account)
    }

    fn wait_until_ready(&self) -> Result<()> {
        let start = Instant::now();
        while self.aws(&["sts", "get-caller-identity"]).is_err() {
            ensure!(
                start.elapsed() < START_TIMEOUT,
                "MiniStack did not start:\n{}",
                fs::read_to_string(&self.server_log)?
            );
            sleep(Duration::from_millis(300));
        }
        Ok(())
    }

    /// The output of a command of the AWS CLI, which does not fail on purpose.
    pub fn aws(&self, arguments: &[&str]) -> Result<Value> {
        let command = cmd!(self.shell, "aws").args(arguments).env("FAIL_ONCE", "");
        let text = output(self.in_account(command, ROOT))?;
        match text.as_str() {
            "" => Ok(Value::Null),
            text => serde_json::from_str(text).with_context(|| format!("aws {arguments:?} printed {text}")),
        }
    }

    /// The output of a command of `cargo xtask`.
    pub fn xtask(&self, arguments: &[&str]) -> Result<Value> {
        let program = programs::xtask()?;
        let [key, secret] = &self.user;
        let command = cmd!(self.shell, "{program} --json").args(arguments);
        let text = output(self.in_account(command, [key, secret]))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The output and the error of a command of `cargo xtask` that fails. There may be no output.
    ///
    /// # Errors
    /// It succeeds.
    pub fn xtask_failing(&self, arguments: &[&str]) -> Result<(Value, String)> {
        let program = programs::xtask()?;
        let [key, secret] = &self.user;
        let command = cmd!(self.shell, "{program} --json").args(arguments);
        let ended = wait_with_output(self.in_account(command, [key, secret]))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&ended.stdout), text(&ended.stderr));
        ensure!(!ended.status.success(), "{arguments:?} did not fail: {stdout}");
        Ok((serde_json::from_str(&stdout).unwrap_or_default(), stderr))
    }

    /// Deploys the function, whose S3 is that of the account.
    pub fn deploy(&self, arguments: &[&str]) -> Result<Value> {
        let endpoint = format!("AWS_ENDPOINT_URL_S3={}", self.url);
        self.xtask(&[&["deploy", "--yes", "--env", &endpoint], arguments].concat())
    }

    /// # Errors
    /// `deploy` succeeds, or fails with another message.
    pub fn check_refused(&self, arguments: &[&str], message: &str) -> Result<()> {
        match self.deploy(arguments) {
            Ok(done) => bail!("deploy {arguments:?} was not refused: {done}"),
            Err(error) => {
                let text = format!("{error:#}");
                ensure!(
                    text.contains(message),
                    "deploy {arguments:?} was refused with another message: {text}"
                );
                Ok(())
            }
        }
    }

    /// A user with one policy runs the project's commands from now on.
    pub fn become_user(&mut self, name: &str, policy: &str) -> Result<()> {
        self.aws(&["iam", "create-user", "--user-name", name])?;
        let put = ["iam", "put-user-policy", "--user-name", name, "--policy-name", name];
        self.aws(&[&put[..], &["--policy-document", policy]].concat())?;
        let made = self.aws(&["iam", "create-access-key", "--user-name", name])?;
        let text = |field: &str| made["AccessKey"][field].as_str().map(str::to_owned);
        let key = text("AccessKeyId").zip(text("SecretAccessKey"));
        let (key, secret) = key.context("the user has no access key")?;
        self.user = [key, secret];
        Ok(())
    }

    fn in_account<'a>(&self, command: Cmd<'a>, [key, secret]: [&str; 2]) -> Cmd<'a> {
        command
            .env("PATH", &self.path)
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("BATCH_URL", self.batch.url())
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_CONFIG_FILE", "/nowhere")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
            .env_remove("AWS_PROFILE")
    }

    /// From now on, the first attempt fails of every `step`th operation that changes something.
    pub fn fail_operations_once(&self, step: usize) -> Result<()> {
        Ok(fs::write(self.folder.path().join("fail"), step.to_string())?)
    }

    pub fn fail_no_more(&self) -> Result<()> {
        Ok(fs::remove_file(self.folder.path().join("fail"))?)
    }

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

/// A policy of those who deploy, for the function and its bucket.
pub fn deployer_policy(template: &str, bucket: &str) -> Result<String> {
    let named = template.replace("{account}", ACCOUNT).replace("{name}", FUNCTION);
    let mut policy: Value = serde_json::from_str(&named.replace("{bucket}", bucket))?;
    let statements = policy["Statement"].as_array_mut().context("there are no statements")?;
    statements.push(json!({"Effect": "Allow", "Action": WITHOUT_RESOURCE, "Resource": "*"}));
    Ok(policy.to_string())
}

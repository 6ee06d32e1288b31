//! An account in MiniStack, which is started on loopback and ends with this value, and the AWS CLI for it.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;
use opencv_build::internals::find_python;
use package::workspace::Workspace;
use serde_json::{Value, json};
use support::child::Child;
use support::run::{Cmd, Shell, cmd, output, shell_word};
use tempfile::TempDir;

use super::super::{pinned_wheels, programs};

const START_TIMEOUT: Duration = Duration::from_secs(60);
const FUNCTION: &str = "face-detect";
const REGION: &str = "eu-central-1";

pub struct Account {
    shell: Shell,
    url: String,
    /// With the program `aws`, and the state of its failures.
    folder: TempDir,
    server_log: PathBuf,
    path: OsString,
    _server: Child,
}

impl Account {
    pub fn start(workspace: &Workspace) -> Result<Self> {
        let server_wheels = pinned_wheels::install(workspace, "ministack")?;
        let cli_wheels = pinned_wheels::install(workspace, "aws-cli")?;
        let python = find_python()?;
        let folder = tempfile::tempdir()?;
        let bin = folder.path().join("bin");
        fs::create_dir(&bin)?;
        write_program(&bin.join("aws"), &aws_script(&python, &cli_wheels, folder.path()))?;
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
            shell,
            url,
            folder,
            server_log,
            path,
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
        let text = output(self.in_account(command))?;
        match text.as_str() {
            "" => Ok(Value::Null),
            text => serde_json::from_str(text).with_context(|| format!("aws {arguments:?} printed {text}")),
        }
    }

    /// The output of a command of `cargo xtask`.
    pub fn xtask(&self, arguments: &[&str]) -> Result<Value> {
        let program = programs::xtask()?;
        let text = output(self.in_account(cmd!(self.shell, "{program} --json").args(arguments)))?;
        Ok(serde_json::from_str(&text)?)
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

    fn in_account<'a>(&self, command: Cmd<'a>) -> Cmd<'a> {
        command
            .env("PATH", &self.path)
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
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

    /// The function's log, for messages.
    pub fn function_log(&self) -> Result<String> {
        let group = format!("/aws/lambda/{FUNCTION}");
        let found = self.aws(&["logs", "filter-log-events", "--log-group-name", &group])?;
        let events = found["events"].as_array().into_iter().flatten();
        Ok(events.filter_map(|event| event["message"].as_str()).collect())
    }
}

/// The AWS CLI. While there is a number in the file `fail`, the first attempt fails of so many operations that change
/// something: of each with 1, of every second with 2. `FAIL_ONCE` is empty for commands of the tests.
fn aws_script(python: &Path, wheels: &Path, folder: &Path) -> String {
    let [python, wheels, folder] =
        [python, wheels, folder].map(|path| shell_word(&path.to_string_lossy()).into_owned());
    format!(
        r#"#!/bin/sh
folder={folder}
operation="$3 $4"
case "$4" in
  get-* | list-* | describe-* | head-* | wait | "") ;;
  *)
    if [ "${{FAIL_ONCE-set}}" ] && [ -e "$folder/fail" ] && ! grep -qxF "$operation" "$folder/tried" 2>/dev/null; then
      echo "$operation" >> "$folder/tried"
      if [ $(($(wc -l < "$folder/tried") % $(cat "$folder/fail"))) -eq 0 ]; then
        echo "An error occurred (ServiceException) when calling the $4 operation: on purpose" >&2
        exit 254
      fi
    fi
    ;;
esac
# Compiled modules halve the time of a start.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$folder/pycache" PYTHONPATH={wheels}
# Version 1 uses the endpoint of the environment for all services except SQS.
exec {python} -m awscli --endpoint-url "$AWS_ENDPOINT_URL" "$@"
"#
    )
}

fn write_program(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o755).open(path)?;
    Ok(std::io::Write::write_all(&mut file, text.as_bytes())?)
}

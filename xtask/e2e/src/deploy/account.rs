//! An account in MiniStack, which is started on loopback and ends with this value, and the AWS CLI for it.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::PathBuf;
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
use super::aws_program::AwsProgram;
use super::batch_service::BatchService;
use super::endpoint::Endpoint;
use super::names::{ACCOUNT, FUNCTION, REGION, ROOT};

const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Actions of which MiniStack does not know the resource, unlike AWS, or for which AWS has other names: there the last two
/// are `lambda:GetAlias` and `sqs:SendMessage`.
const WITHOUT_RESOURCE: [&str; 5] = [
    "ecr:DescribeRepositories",
    "lambda:CreateEventSourceMapping",
    "lambda:CreateFunction",
    "lambda:ListAliases",
    "sqs:SendMessageBatch",
];

pub struct Account {
    shell: Shell,
    url: String,
    batch: BatchService,
    /// With the program `aws`, and the state of its failures.
    pub(super) folder: TempDir,
    server_log: PathBuf,
    path: OsString,
    /// The key and its secret of whoever runs the project's commands.
    user: [String; 2],
    _server: Child,
    _program: AwsProgram,
}

impl Account {
    pub fn start(workspace: &Workspace) -> Result<Self> {
        let server_wheels = pinned_wheels::install(workspace, "ministack")?;
        let cli_wheels = pinned_wheels::install(workspace, "aws-cli")?;
        let python = find_python()?;
        let folder = tempfile::tempdir()?;
        let program = AwsProgram::start(workspace, folder.path(), &python, &cli_wheels)?;
        let aws = program.bin.join("aws");
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([program.bin.clone()].into_iter().chain(std::env::split_paths(&others)))?;

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
            _program: program,
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
}

/// A policy of those who deploy, for the function and its bucket.
pub fn deployer_policy(template: &str, bucket: &str) -> Result<String> {
    let named = template.replace("{account}", ACCOUNT).replace("{name}", FUNCTION);
    let mut policy: Value = serde_json::from_str(&named.replace("{bucket}", bucket))?;
    let statements = policy["Statement"].as_array_mut().context("there are no statements")?;
    statements.push(json!({"Effect": "Allow", "Action": WITHOUT_RESOURCE, "Resource": "*"}));
    Ok(policy.to_string())
}

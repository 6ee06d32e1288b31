//! The program `aws` of the tests: the AWS CLI with the endpoints of MiniStack and of the stand-in for what it lacks, and
//! with failures on purpose. Commands are forked from one process: each start of the CLI takes more than half a second.

use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;
use package::workspace::Workspace;
use support::child::Child;
use support::run::{Shell, cmd, shell_word};

use super::names::{ACCOUNT, REGION};

/// The program, which works until this value is dropped.
pub struct AwsProgram {
    /// The folder that is to be first in `PATH`.
    pub bin: PathBuf,
    _server: Child,
}

impl AwsProgram {
    /// Writes the program to `folder`, which also has the state of the failures. `wheels` has the CLI.
    pub fn start(workspace: &Workspace, folder: &Path, python: &Path, wheels: &Path) -> Result<Self> {
        let bin = folder.join("bin");
        fs::create_dir(&bin)?;
        let cli = workspace.root().join("xtask/e2e/data/deploy/aws_cli.py");
        let socket = folder.join("aws.socket");
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o755).open(bin.join("aws"))?;
        std::io::Write::write_all(&mut file, script([python, &cli, &socket, folder]).as_bytes())?;
        let shell = Shell::new()?;
        let server = cmd!(shell, "{python} {cli} serve {socket}")
            .env("PYTHONPATH", wheels)
            .env("PYTHONPYCACHEPREFIX", folder.join("pycache"));
        Ok(Self {
            bin,
            _server: Child::start_logged(server, &folder.join("aws.log"))?,
        })
    }
}

/// The AWS CLI. While there is a number in the file `fail`, the first attempt fails of so many operations that change
/// something: of each with 1, of every second with 2. `FAIL_ONCE` is empty for commands of the tests.
fn script(paths: [&Path; 4]) -> String {
    let [python, cli, socket, folder] = paths.map(|path| shell_word(&path.to_string_lossy()).into_owned());
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
endpoint=$AWS_ENDPOINT_URL
case "$operation" in
  "s3control "*)
    # The CLI puts the account before the host, which has no address on loopback, but can be that of a proxy's request.
    unset NO_PROXY no_proxy
    export http_proxy="$BATCH_URL" HTTP_PROXY="$BATCH_URL"
    endpoint=http://s3-control.test
    ;;
  *-message-move-*) endpoint=$BATCH_URL ;;
esac
# Version 1 uses the endpoint of the environment for all services except SQS.
aws() {{ {python} -S -E {cli} run {socket} --endpoint-url "$endpoint" "$@"; }}
case "$3" in
  ecr)
    # MiniStack's registry is at its own address, but it names AWS's.
    output=$(aws "$@") || exit
    printf '%s\n' "$output" | sed "s#{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com#${{AWS_ENDPOINT_URL#http://}}#"
    ;;
  *) aws "$@" ;;
esac
"#
    )
}

//! `cargo xtask deploy` against MiniStack, a local stand-in for AWS, which runs the function: with a trigger beside other
//! notifications of the bucket, with a queue, with a failure of each command, and back.

mod account;
mod account_resources;
mod aws_program;
mod batch;
mod batch_job;
mod batch_service;
mod endpoint;
mod images;
mod invocations;
pub mod moved_photos;
mod names;
mod results;

use anyhow::{Result, bail, ensure};
use fs_err as fs;
use package::build::Build;
use serde_json::json;
use support::progress::print_status;

use super::promises;
use account::{Account, deployer_policy};
use names::BUCKET;
use results::{changes, processed};

const PROMISE: &str = "deploy can be repeated after any failure, and undeploy leaves nothing";
/// What a user needs who deploys.
const POLICY: &str = "xtask/deploy/data/deployer-policy.json";
const NO_PERMISSIONS: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}"#;

/// With `slow`, each of its commands fails once; otherwise every third.
pub fn test(build: &Build, slow: bool) -> Result<()> {
    conformance::skip_unless_runnable(&build.recipe.target)?;
    let workspace = &build.workspace;
    let mut account = Account::start(workspace)?;
    images::test(&account)?;
    let photo = workspace.root().join("function/samples/eileen-collins.jpg");
    account.create_bucket(BUCKET)?;
    let other = json!({"QueueConfigurations": [{
        "Id": "other", "QueueArn": account.queue("other")?, "Events": ["s3:ObjectRemoved:*"],
    }]});
    account.put_notifications(BUCKET, &other)?;

    batch::upload(&account, &photo, BUCKET)?;
    let [archive, queued] = batch::PREFIXES;
    let triggers = ["in/", archive, queued].map(|prefix| format!("s3://{BUCKET}/{prefix}"));
    let on: Vec<_> = triggers.iter().flat_map(|trigger| ["--on", trigger]).collect();
    let with = |options: &[&'static str]| [&on[..], options].concat();
    print_status("permissions");
    account.become_user("nobody", NO_PERMISSIONS)?;
    account.check_refused(&on, "lacks the permission `")?;
    let policy = fs::read_to_string(workspace.root().join(POLICY))?;
    account.become_user("deployer", &deployer_policy(&policy, BUCKET)?)?;

    print_status("a dry run");
    let planned = account.deploy(&with(&["--dry-run"]))?;
    ensure!(
        planned["done"] == false && changes(&planned).len() >= 6,
        "a dry run: {planned}"
    );
    ensure!(
        account.resources()? == json!({"queues": ["other"]}),
        "a dry run made something"
    );

    print_status("deploying, with failures");
    let step = if slow { 1 } else { 3 };
    let failures = deploy_with_failures(&account, &on, step)?;
    ensure!(failures * step >= 8, "only {failures} commands failed");
    ensure!(
        account.notifications(BUCKET)?["QueueConfigurations"] == other["QueueConfigurations"],
        "others are gone"
    );
    let answer = processed(&account, "in/a b.jpg", &photo)?;
    ensure!(answer, "an upload was not processed");
    invocations::test(&account, &photo, BUCKET, "in/")?;
    batch::test_job(&account, BUCKET)?;

    print_status("deploying again, and a change");
    let again = account.deploy(&on)?;
    ensure!(
        changes(&again).is_empty(),
        "nothing changed, but there is something to do: {again}"
    );
    let changed = account.deploy(&with(&["--memory", "512"]))?;
    ensure!(
        changes(&changed) == ["alias face-detect:live", "function face-detect"],
        "another memory changes {changed}"
    );
    ensure!(
        account.live_version()? == "2",
        "the alias is version {}",
        account.live_version()?
    );
    account.deploy(&["--rollback"])?;
    ensure!(
        account.live_version()? == "1",
        "rolled back to {}",
        account.live_version()?
    );

    print_status("a queue instead, and another bucket's notifications");
    account.deploy(&with(&["--queue", "--url"]))?;
    ensure!(
        processed(&account, "in/queued.jpg", &photo)?,
        "a queued upload was not processed"
    );
    let again = account.deploy(&with(&["--queue", "--url"]))?;
    ensure!(
        changes(&again).is_empty(),
        "the queue is there, but there is something to do: {again}"
    );

    batch::test_queue(&account, &photo, BUCKET)?;

    print_status("errors before anything is changed");
    account.check_refused(&["--on", "s3://elsewhere/"], "the bucket `elsewhere` does not exist")?;
    account.check_refused(&with(&["--image"]), "use `--zip`")?;
    account.check_refused(&with(&["--memory", "64"]), "128 to 10240 MB")?;

    print_status("removing it");
    account.xtask(&["undeploy", "--yes"])?;
    ensure!(
        account.resources()? == json!({"queues": ["other"]}),
        "left: {}",
        account.resources()?
    );
    ensure!(
        account.notifications(BUCKET)? == other,
        "the notifications of others are gone"
    );
    let nothing = account.xtask(&["undeploy", "--yes"])?;
    ensure!(nothing["removed"] == json!([]), "removed again: {nothing}");
    promises::record(PROMISE, "failures of its commands, in MiniStack", failures, 0);
    Ok(())
}

/// Runs `deploy` until it succeeds, while every `step`th of its commands fails at its first attempt. Returns the number
/// of failures.
fn deploy_with_failures(account: &Account, arguments: &[&str], step: usize) -> Result<usize> {
    account.fail_operations_once(step)?;
    // More than there are commands.
    for failures in 0..40 {
        match account.deploy(arguments) {
            Ok(_) => {
                account.fail_no_more()?;
                return Ok(failures);
            }
            Err(error) => {
                let text = format!("{error:#}");
                ensure!(
                    text.contains("run the same command again to go on") && text.contains("ServiceException"),
                    "an unexpected failure: {text}"
                );
            }
        }
    }
    bail!("deploy did not succeed")
}

//! Images: pushed to the registry of the account, and deployed by their digests. MiniStack does not run them.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use support::progress::print_status;

use super::account::Account;
use super::results::changes;

const NAME: &str = "images";

pub fn test(account: &Account) -> Result<()> {
    print_status("an image");
    // `deploy` would push to AWS's host if it made the repository.
    let tag = "Key=deployed-function,Value=images";
    account.aws(&["ecr", "create-repository", "--repository-name", NAME, "--tags", tag])?;
    let arguments = ["--image", "--name", NAME];
    account.deploy(&arguments)?;
    let pushed = account.aws(&["ecr", "list-images", "--repository-name", NAME])?;
    let digest = pushed["imageIds"][0]["imageDigest"].as_str();
    let digest = digest.with_context(|| format!("the repository contains {pushed}"))?;
    let function = account.aws(&["lambda", "get-function", "--function-name", NAME])?;
    let uri = function["Code"]["ImageUri"].as_str().unwrap_or_default();
    ensure!(
        uri.ends_with(&format!("/{NAME}@{digest}")),
        "{digest} was pushed, and {uri} deployed"
    );
    let again = account.deploy(&arguments)?;
    ensure!(
        changes(&again).is_empty(),
        "nothing changed, but there is something to do: {again}"
    );
    account.check_refused(&["--zip", "--name", NAME], "use `--image`")?;
    account.xtask(&["undeploy", "--yes", "--name", NAME])?;
    ensure!(
        account.resources()? == json!({}),
        "an image left {}",
        account.resources()?
    );
    Ok(())
}

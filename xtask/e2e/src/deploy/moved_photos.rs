//! A function that moves photos, with the credentials of the role that `deploy` gives it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use package::workspace::Workspace;
use support::progress::print_status;

use super::account::Account;
use super::names::BUCKET;
use super::results::appears;

/// No photo is as sharp.
const REJECT: &str = "QUALITY_MIN_SHARPNESS=100000";

/// `folder` is that of a function of the template `quality`.
pub fn test(workspace: &Workspace, folder: &Path) -> Result<()> {
    print_status("deploying it");
    let account = Account::start(workspace)?;
    account.create_bucket(BUCKET)?;
    let folder = folder.to_str().context("the folder's path is not Unicode")?;
    let trigger = format!("s3://{BUCKET}/in/");
    account.deploy(&["--manifest-path", folder, "--env", REJECT, "--on", &trigger])?;
    let photo = workspace.root().join("function/samples/eileen-collins.jpg");
    account.put(BUCKET, "in/a.jpg", &photo)?;
    ensure!(appears(&account, "rejected/in/a.jpg")?, "the photo was not moved");
    let old = account.aws(&["s3api", "head-object", "--bucket", BUCKET, "--key", "in/a.jpg"]);
    ensure!(old.is_err(), "the photo was copied, and not deleted");
    Ok(())
}

//! `deploy --rollback`: points the alias to the version before.

use anyhow::{Context as _, Result};

use crate::aws::{Aws, AwsCommand};
use crate::deployed::{check_owner, tag_map};
use crate::plan::Plan;
use crate::steps::{Change, Step};

/// # Errors
/// There is no such alias, or no older version.
pub fn step(aws: &mut Aws, plan: &Plan) -> Result<Step> {
    let (name, alias) = (&plan.name, &plan.alias);
    let of_function = |operation: &str| AwsCommand::new("lambda", operation).option("function-name", name);
    let function = aws.find(&of_function("get-function"))?;
    let function = function.with_context(|| format!("there is no function `{name}`; deploy it first"))?;
    check_owner(&format!("function `{name}`"), &tag_map(&function["Tags"]), plan)?;
    let found = aws.find(&of_function("get-alias").option("name", alias))?;
    let found = found.with_context(|| format!("the function `{name}` has no alias `{alias}`; deploy it first"))?;
    let current = number(
        found["FunctionVersion"].as_str().unwrap_or_default(),
        &format!("{name}:{alias}"),
    )?;
    let listed = aws.run(&of_function("list-versions-by-function"))?;
    let versions = listed["Versions"].as_array().into_iter().flatten();
    let numbers = versions.filter_map(|version| version["Version"].as_str()?.parse::<u64>().ok());
    let previous = numbers.filter(|number| *number < current).max();
    let previous = previous.with_context(|| format!("`{name}:{alias}` is version {current}, and none is older"))?;
    let command = of_function("update-alias")
        .option("name", alias)
        .option("function-version", previous);
    Ok(Step::new(
        format!("alias {name}:{alias}"),
        Change::Update(vec![format!("version {current} → {previous}")]),
        vec![command],
    ))
}

/// Of the version of an alias, which may have been pointed to `$LATEST` by hand.
fn number(version: &str, alias: &str) -> Result<u64> {
    version.parse().with_context(|| {
        format!("`{alias}` is `{version}`, before which there is no version; point it to one with `cargo xtask deploy`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_can_be_at_no_version() {
        assert_eq!(number("12", "thumbs:live").unwrap(), 12);
        let error = number("$LATEST", "thumbs:live").unwrap_err().to_string();
        assert!(error.contains("`thumbs:live` is `$LATEST`"), "{error}");
    }
}

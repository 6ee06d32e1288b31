//! `deploy --rollback`: points the alias to the version before.

use anyhow::{Context as _, Result};

use crate::aws::{Aws, AwsCommand};
use crate::plan::Plan;
use crate::steps::{Change, Step, StepCommand};

/// # Errors
/// There is no such alias, or no older version.
pub fn step(aws: &mut Aws, plan: &Plan) -> Result<Step> {
    let (name, alias) = (&plan.name, &plan.alias);
    let of_function = |operation: &str| AwsCommand::new("lambda", operation).option("function-name", name);
    let found = aws.find(&of_function("get-alias").option("name", alias))?;
    let found = found.with_context(|| format!("the function `{name}` has no alias `{alias}`; deploy it first"))?;
    let current: u64 = found["FunctionVersion"].as_str().unwrap_or_default().parse()?;
    let listed = aws.run(&of_function("list-versions-by-function"))?;
    let versions = listed["Versions"].as_array().into_iter().flatten();
    let numbers = versions.filter_map(|version| version["Version"].as_str()?.parse::<u64>().ok());
    let previous = numbers.filter(|number| *number < current).max();
    let previous = previous.with_context(|| format!("`{name}:{alias}` is version {current}, and none is older"))?;
    let command = of_function("update-alias")
        .option("name", alias)
        .option("function-version", previous);
    Ok(Step {
        resource: format!("alias {name}:{alias}"),
        change: Change::Update(vec![format!("version {current} → {previous}")]),
        commands: vec![StepCommand::Aws(command)],
    })
}

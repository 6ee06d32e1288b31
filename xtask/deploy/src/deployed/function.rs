//! A function, its alias, and who may invoke it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::Value;

use super::values::{Tags, tag_map, text};
use crate::arn::Scope;
use crate::aws::{Aws, AwsCommand};
use crate::plan::{Plan, S3_SID};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeployedFunction {
    /// As `get-function-configuration` prints it.
    pub configuration: Value,
    /// The digest of an image; empty for a zip archive.
    pub image_digest: String,
    pub tags: Tags,
    pub reserved_concurrency: Option<u64>,
    pub alias: Option<Alias>,
    /// The IDs of the mappings of its own queue, by the ARNs of the aliases that get the events.
    pub queue_mappings: BTreeMap<String, String>,
}

/// An alias, and what depends on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alias {
    pub version: String,
    /// That of the version.
    pub configuration: Value,
    pub image_digest: String,
    /// The statements of the policy that says who may invoke it.
    pub statements: Vec<Value>,
    /// The authentication of its URL, if it has one.
    pub url_authentication: Option<String>,
    /// Where failed events go; empty for nowhere.
    pub failure_destination: String,
}

pub(super) fn read(aws: &mut Aws, plan: &Plan, scope: &Scope) -> Result<Option<DeployedFunction>> {
    let command = AwsCommand::new("lambda", "get-function").option("function-name", &plan.name);
    let Some(found) = aws.find(&command)? else {
        return Ok(None);
    };
    Ok(Some(DeployedFunction {
        image_digest: image_digest(&found),
        configuration: found["Configuration"].clone(),
        tags: tag_map(&found["Tags"]),
        reserved_concurrency: found["Concurrency"]["ReservedConcurrentExecutions"].as_u64(),
        alias: alias(aws, plan)?,
        queue_mappings: queue_mappings(aws, plan, scope)?,
    }))
}

fn alias(aws: &mut Aws, plan: &Plan) -> Result<Option<Alias>> {
    let command = AwsCommand::new("lambda", "get-alias");
    let command = command.option("function-name", &plan.name).option("name", &plan.alias);
    let Some(found) = aws.find(&command)? else {
        return Ok(None);
    };
    let version = text(&found["FunctionVersion"]);
    let of = |operation: &str, qualifier: &str| {
        let command = AwsCommand::new("lambda", operation).option("function-name", &plan.name);
        command.option("qualifier", qualifier)
    };
    let published = aws.find(&of("get-function", &version))?.unwrap_or_default();
    let url = aws.find(&of("get-function-url-config", &plan.alias))?;
    let invocation = aws
        .find(&of("get-function-event-invoke-config", &plan.alias))?
        .unwrap_or_default();
    Ok(Some(Alias {
        image_digest: image_digest(&published),
        configuration: published["Configuration"].clone(),
        statements: statements(aws, plan, &plan.alias)?,
        url_authentication: url.map(|url| text(&url["AuthType"])),
        failure_destination: text(&invocation["DestinationConfig"]["OnFailure"]["Destination"]),
        version,
    }))
}

/// Those of the policy that says who may invoke the alias.
fn statements(aws: &mut Aws, plan: &Plan, alias: &str) -> Result<Vec<Value>> {
    let command = AwsCommand::new("lambda", "get-policy").option("function-name", &plan.name);
    let policy = aws.find(&command.option("qualifier", alias))?.unwrap_or_default();
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap_or("{}"))?;
    Ok(policy["Statement"].as_array().cloned().unwrap_or_default())
}

/// The buckets that may invoke any alias.
pub(super) fn trigger_buckets(aws: &mut Aws, plan: &Plan) -> Result<BTreeSet<String>> {
    let listed = aws.run(&AwsCommand::new("lambda", "list-aliases").option("function-name", &plan.name))?;
    let mut buckets = BTreeSet::new();
    for alias in listed["Aliases"].as_array().into_iter().flatten() {
        let statements = statements(aws, plan, &text(&alias["Name"]))?;
        buckets.extend(statement_buckets(&statements).map(str::to_owned));
    }
    Ok(buckets)
}

/// The buckets of `deploy`'s statements.
fn statement_buckets(statements: &[Value]) -> impl Iterator<Item = &str> {
    let is_own = |statement: &&Value| statement["Sid"].as_str().is_some_and(|sid| sid.starts_with(S3_SID));
    let own = statements.iter().filter(is_own);
    own.filter_map(|statement| source_bucket(&statement["Condition"]))
}

fn queue_mappings(aws: &mut Aws, plan: &Plan, scope: &Scope) -> Result<BTreeMap<String, String>> {
    let queue = scope.queue(&plan.name);
    let command = AwsCommand::new("lambda", "list-event-source-mappings").option("event-source-arn", &queue);
    let found = aws.run(&command)?;
    let mappings = found["EventSourceMappings"].as_array().into_iter().flatten();
    let own = mappings.filter(|mapping| {
        // A queue of this name may feed a function of others.
        let is_ours = |arn: &str| scope.is_function(&plan.name, arn);
        mapping["EventSourceArn"] == queue.as_str() && mapping["FunctionArn"].as_str().is_some_and(is_ours)
    });
    Ok(own
        .map(|mapping| (text(&mapping["FunctionArn"]), text(&mapping["UUID"])))
        .collect())
}

impl Alias {
    /// The buckets that may invoke it: those of earlier triggers too.
    pub fn trigger_buckets(&self) -> impl Iterator<Item = &str> {
        statement_buckets(&self.statements)
    }
}

/// Of the condition of a statement.
pub fn source_bucket(condition: &Value) -> Option<&str> {
    let operators = condition.as_object()?.values();
    let arn = operators.filter_map(|keys| {
        keys.get("AWS:SourceArn")
            .or_else(|| keys.get("aws:SourceArn"))?
            .as_str()
    });
    arn.into_iter()
        .find_map(|arn| arn.split_once(":::"))
        .map(|(_, bucket)| bucket)
}

/// Of the output of `get-function`.
fn image_digest(found: &Value) -> String {
    let uri = found["Code"]["ResolvedImageUri"]
        .as_str()
        .or(found["Code"]["ImageUri"].as_str());
    let digest = uri.and_then(|uri| uri.split_once('@'));
    digest.map(|(_, digest)| digest.to_owned()).unwrap_or_default()
}

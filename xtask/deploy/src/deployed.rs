//! What of a plan exists already, as the AWS CLI describes it.

mod function;
mod storage;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::thread;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::arn::Scope;
use crate::aws::{Aws, AwsCommand};
use crate::plan::{Plan, TAG, limits};
pub use function::{Alias, DeployedFunction, source_bucket};
pub use storage::{DeployedBucket, DeployedQueue, bucket};
pub use values::Tags;
pub use values::tag_map;
use values::{tag_list, text};

/// Resources with the names of a plan, whoever made them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deployed {
    pub log_group: Option<LogGroup>,
    pub role: Option<Role>,
    /// That of S3 Batch Operations.
    pub batch_role: Option<Role>,
    /// By their names.
    pub queues: BTreeMap<String, DeployedQueue>,
    pub function: Option<DeployedFunction>,
    /// Those of the triggers, by their names.
    pub buckets: BTreeMap<String, DeployedBucket>,
    pub repository: Option<Repository>,
    /// How many concurrent invocations no function has reserved.
    pub unreserved_concurrency: Option<u64>,
    /// Bytes that archives of functions may still take.
    pub free_code_bytes: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogGroup {
    /// In days; `None` for ever.
    pub retention: Option<u64>,
    pub tags: Tags,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Role {
    pub trust: Value,
    /// Those of its own, by their names.
    pub policies: BTreeMap<String, Value>,
    pub tags: Tags,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repository {
    pub uri: String,
    pub tags: Tags,
}

impl Deployed {
    pub fn read(aws: &mut Aws, plan: &Plan, scope: &Scope) -> Result<Self> {
        // A call takes half a second, most of it to start the CLI.
        let mut deployed = thread::scope(|threads| -> Result<Self> {
            let others = threads.spawn(|| Self::read_others(&mut Aws::default(), plan, scope));
            let function = function::read(aws, plan, scope);
            let others = others.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            Ok(Self {
                function: function?,
                ..others
            })
        })?;
        for name in deployed.bucket_names(plan) {
            let found = storage::bucket(aws, &name)?;
            deployed.buckets.extend(found.map(|bucket| (name, bucket)));
        }
        Ok(deployed)
    }

    /// Adds the buckets that trigger other aliases than the plan's.
    pub fn read_buckets_of_all_aliases(&mut self, aws: &mut Aws, plan: &Plan) -> Result<()> {
        if self.function.is_some() {
            for name in function::trigger_buckets(aws, plan)? {
                if !self.buckets.contains_key(&name) {
                    let found = storage::bucket(aws, &name)?;
                    self.buckets.extend(found.map(|bucket| (name, bucket)));
                }
            }
        }
        Ok(())
    }

    /// All but the function and the buckets.
    fn read_others(aws: &mut Aws, plan: &Plan, scope: &Scope) -> Result<Self> {
        let mut deployed = Self {
            log_group: log_group(aws, plan, scope)?,
            role: role(aws, &plan.role_name())?,
            batch_role: role(aws, &plan.batch_role_name())?,
            repository: repository(aws, plan, scope)?,
            ..Self::default()
        };
        for name in [plan.name.clone(), plan.failed_name()] {
            let found = storage::queue(aws, &name)?;
            deployed.queues.extend(found.map(|queue| (name, queue)));
        }
        let account = aws.run(&AwsCommand::new("lambda", "get-account-settings"))?;
        let limit = &account["AccountLimit"];
        deployed.unreserved_concurrency = limit["UnreservedConcurrentExecutions"].as_u64();
        let code_bytes = limit["TotalCodeSize"].as_u64();
        let code_bytes = code_bytes.zip(account["AccountUsage"]["TotalCodeSize"].as_u64());
        deployed.free_code_bytes = code_bytes.map(|(limit, used)| limit.saturating_sub(used));
        Ok(deployed)
    }
}

impl Deployed {
    /// The buckets of the plan's triggers, and of earlier ones.
    fn bucket_names(&self, plan: &Plan) -> BTreeSet<String> {
        let alias = self.function.as_ref().and_then(|function| function.alias.as_ref());
        let of_alias = alias.into_iter().flat_map(Alias::trigger_buckets);
        let of_queue = self
            .queues
            .get(&plan.name)
            .map(DeployedQueue::source_buckets)
            .unwrap_or_default();
        let planned = plan.triggers.iter().map(|trigger| trigger.bucket.clone());
        planned.chain(of_alias.map(str::to_owned)).chain(of_queue).collect()
    }
}

/// The URL of the plan's alias, if it has one.
pub fn url(aws: &mut Aws, plan: &Plan) -> Result<Option<String>> {
    if plan.url.is_none() {
        return Ok(None);
    }
    let command = AwsCommand::new("lambda", "get-function-url-config").option("function-name", &plan.name);
    let found = aws.find(&command.option("qualifier", &plan.alias))?;
    Ok(found.map(|found| text(&found["FunctionUrl"])))
}

/// # Errors
/// The tags are not those of this plan's resources.
pub fn check_owner(resource: &str, tags: &Tags, plan: &Plan) -> Result<()> {
    ensure!(
        is_own(tags, plan),
        "the {resource} exists, and was not made by `cargo xtask`; choose another `--name`, or let it be managed by giving \
         it the tag `{TAG}={}`",
        plan.name
    );
    Ok(())
}

/// Whether tags are those of this plan's resources.
pub fn is_own(tags: &Tags, plan: &Plan) -> bool {
    tags.get(TAG) == Some(&plan.name)
}

fn log_group(aws: &mut Aws, plan: &Plan, scope: &Scope) -> Result<Option<LogGroup>> {
    let name = plan.log_group();
    let found = aws.run(&AwsCommand::new("logs", "describe-log-groups").option("log-group-name-prefix", &name))?;
    let groups = found["logGroups"].as_array().into_iter().flatten();
    let Some(group) = groups.into_iter().find(|group| group["logGroupName"] == name.as_str()) else {
        return Ok(None);
    };
    let command = AwsCommand::new("logs", "list-tags-for-resource").option("resource-arn", scope.log_group(&name));
    let tags = aws.run(&command)?;
    Ok(Some(LogGroup {
        retention: group["retentionInDays"].as_u64(),
        tags: tag_map(&tags["tags"]),
    }))
}

pub fn role(aws: &mut Aws, name: &str) -> Result<Option<Role>> {
    let of_role = |operation: &str| AwsCommand::new("iam", operation).option("role-name", name);
    let Some(found) = aws.find(&of_role("get-role"))? else {
        return Ok(None);
    };
    let listed = aws.run(&of_role("list-role-policies"))?;
    let mut policies = BTreeMap::new();
    for name in listed["PolicyNames"].as_array().into_iter().flatten().map(text) {
        let policy = aws.find(&of_role("get-role-policy").option("policy-name", &name))?;
        policies.insert(name, policy.unwrap_or_default()["PolicyDocument"].clone());
    }
    Ok(Some(Role {
        trust: found["Role"]["AssumeRolePolicyDocument"].clone(),
        policies,
        tags: tag_list(&found["Role"]["Tags"]),
    }))
}

fn repository(aws: &mut Aws, plan: &Plan, scope: &Scope) -> Result<Option<Repository>> {
    // ECR refuses the request.
    if !limits::is_repository_name(&plan.name) {
        return Ok(None);
    }
    let command = AwsCommand::new("ecr", "describe-repositories").option("repository-names", &plan.name);
    let Some(found) = aws.find(&command)? else {
        return Ok(None);
    };
    let arn = scope.repository(&plan.name);
    let tags = aws.run(&AwsCommand::new("ecr", "list-tags-for-resource").option("resource-arn", arn))?;
    Ok(Some(Repository {
        uri: text(&found["repositories"][0]["repositoryUri"]),
        tags: tag_list(&tags["tags"]),
    }))
}

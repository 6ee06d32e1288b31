//! The function: its configuration and code, a version of it, and the alias that points to the version.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::context::Context;
use super::step::{Change, Step, difference};
use super::tags::{tag_difference, tags_word};
use crate::artefact::Artefact;
use crate::aws::AwsCommand;
use crate::plan::{RUNTIME, UNPUBLISHED};

pub(super) fn steps(context: &Context) -> Vec<Step> {
    let function = function(context);
    let mut steps = vec![alias(context, function.is_needed())];
    steps.insert(0, function);
    steps.extend(concurrency(context));
    steps
}

impl Context<'_> {
    pub(super) fn lambda(&self, operation: &str) -> AwsCommand {
        AwsCommand::new("lambda", operation).option("function-name", &self.plan.name)
    }

    /// Commands about the alias.
    pub(super) fn alias_command(&self, operation: &str) -> AwsCommand {
        self.lambda(operation).option("qualifier", &self.plan.alias)
    }

    fn wait_for(&self, state: &str) -> AwsCommand {
        AwsCommand::new("lambda", "wait")
            .word(state)
            .option("function-name", &self.plan.name)
    }

    /// The options of the configuration, for `create-function` and `update-function-configuration`.
    fn with_configuration(&self, command: AwsCommand) -> AwsCommand {
        let plan = self.plan;
        let command = command
            .option("role", self.scope.role(&plan.role_name()))
            .option("description", &plan.description)
            .option("memory-size", plan.memory)
            .option("timeout", plan.timeout)
            .option("environment", json!({"Variables": plan.environment}))
            .option("snap-start", format!("ApplyOn={}", snapstart(plan.snapstart)));
        match self.artefact {
            Artefact::Zip { .. } => command.option("runtime", RUNTIME).option("handler", "bootstrap"),
            Artefact::Image { .. } => command,
        }
    }

    fn image_uri(&self) -> Option<String> {
        match self.artefact {
            Artefact::Zip { .. } => None,
            Artefact::Image { digest, .. } => Some(format!("{}@{digest}", self.repository_uri())),
        }
    }

    /// How a function's configuration differs from the plan; without its description, code and tags.
    fn configuration_differences(&self, found: &Value) -> Vec<String> {
        let plan = self.plan;
        let text = |name: &str| found[name].as_str().unwrap_or_default();
        let number = |name: &str| found[name].as_u64().unwrap_or_default();
        let variables: BTreeMap<String, String> =
            serde_json::from_value(found["Environment"]["Variables"].clone()).unwrap_or_default();
        let runtime = match self.artefact {
            Artefact::Zip { .. } => difference("runtime", text("Runtime"), RUNTIME),
            Artefact::Image { .. } => None,
        };
        let snapstart_found = found["SnapStart"]["ApplyOn"].as_str().unwrap_or("None");
        [
            difference("role", text("Role"), self.scope.role(&plan.role_name())),
            difference("memory", number("MemorySize"), plan.memory),
            difference("timeout", number("Timeout"), plan.timeout),
            (variables != plan.environment).then(|| "environment".to_owned()),
            difference("SnapStart", snapstart_found, snapstart(plan.snapstart)),
            runtime,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// How its code differs.
    fn code_differences(&self, found: &Value, image_digest: &str) -> Vec<String> {
        let code = match self.artefact {
            Artefact::Zip { digest, .. } => found["CodeSha256"] != digest.as_str(),
            Artefact::Image { digest, .. } => image_digest != digest.to_string(),
        };
        let architecture = found["Architectures"][0].as_str().unwrap_or("x86_64");
        let planned = self.plan.architecture.lambda_name();
        let code = code.then(|| "code".to_owned());
        code.into_iter()
            .chain(difference("architecture", architecture, planned))
            .collect()
    }

    fn with_code(&self, command: AwsCommand) -> AwsCommand {
        let command = command.option("architectures", self.plan.architecture.lambda_name());
        match self.artefact {
            Artefact::Zip { path, .. } => command.option("zip-file", format!("fileb://{}", path.display())),
            Artefact::Image { .. } => command,
        }
    }
}

fn snapstart(is_on: bool) -> &'static str {
    if is_on { "PublishedVersions" } else { "None" }
}

fn function(context: &Context) -> Step {
    let plan = context.plan;
    let found = context.deployed.function.as_ref();
    let differences = found.map(|found| {
        let mut configuration = context.configuration_differences(&found.configuration);
        let description = found.configuration["Description"].as_str().unwrap_or_default();
        configuration.extend(difference("description", description, &plan.description));
        let code = context.code_differences(&found.configuration, &found.image_digest);
        (configuration, code, tag_difference(plan, &found.tags))
    });
    let all = differences.clone().map(|(configuration, code, tags)| {
        let all = configuration.into_iter().chain(code).chain(tags);
        all.collect()
    });
    let create = || {
        let package = match context.image_uri() {
            None => ("Zip", None),
            Some(uri) => ("Image", Some(format!("ImageUri={uri}"))),
        };
        let command = context.lambda("create-function").option("package-type", package.0);
        let command = context
            .with_code(context.with_configuration(command))
            .option("tags", tags_word(plan));
        let command = match package.1 {
            None => command,
            Some(code) => command.option("code", code),
        };
        vec![command, context.wait_for("function-active-v2")]
    };
    let update = || {
        let (configuration, code, tags) = differences.unwrap_or_default();
        let mut commands = Vec::new();
        if !configuration.is_empty() {
            commands.push(context.with_configuration(context.lambda("update-function-configuration")));
            commands.push(context.wait_for("function-updated-v2"));
        }
        if !code.is_empty() {
            let command = context.with_code(context.lambda("update-function-code"));
            commands.push(match context.image_uri() {
                None => command,
                Some(uri) => command.option("image-uri", uri),
            });
            commands.push(context.wait_for("function-updated-v2"));
        }
        if tags.is_some() {
            let tag = AwsCommand::new("lambda", "tag-resource");
            commands.push(
                tag.option("resource", context.scope.function(&plan.name))
                    .option("tags", tags_word(plan)),
            );
        }
        commands
    };
    Step::create_or_update(format!("function {}", plan.name), all, create, update)
}

/// Publishes a version, and points the alias to it.
fn alias(context: &Context, is_function_changed: bool) -> Step {
    let plan = context.plan;
    let found = context
        .deployed
        .function
        .as_ref()
        .and_then(|function| function.alias.as_ref());
    let publish = |operation: &str| {
        let description = match context.revision {
            None => String::new(),
            Some(head) => format!("{}{}", head.commit, if head.dirty { ", with changes" } else { "" }),
        };
        let publish = context.lambda("publish-version").option("description", description);
        let mut commands = vec![publish.returning("VERSION", "Version")];
        if plan.snapstart {
            let wait = context.wait_for("published-version-active");
            commands.push(wait.option("qualifier", "$VERSION"));
        }
        let alias = context.lambda(operation).option("name", &plan.alias);
        commands.push(alias.option("function-version", "$VERSION"));
        commands
    };
    let differences = found.map(|alias| {
        // The description of a version is its commit.
        let configuration = context.configuration_differences(&alias.configuration);
        let code = context.code_differences(&alias.configuration, &alias.image_digest);
        // It may have been pointed elsewhere by hand: to what is not a version, and changes with the function.
        let is_version = alias.version != UNPUBLISHED;
        let is_outdated = is_function_changed || !is_version || !configuration.is_empty() || !code.is_empty();
        is_outdated.then(|| "a new version".to_owned()).into_iter().collect()
    });
    Step::create_or_update(
        format!("alias {}:{}", plan.name, plan.alias),
        differences,
        || publish("create-alias"),
        || publish("update-alias"),
    )
}

fn concurrency(context: &Context) -> Option<Step> {
    let found = context
        .deployed
        .function
        .as_ref()
        .and_then(|function| function.reserved_concurrency);
    let resource = format!("reserved concurrency of {}", context.plan.name);
    match (context.plan.reserved_concurrency, found) {
        (None, None) => None,
        (None, Some(_)) => {
            let command = context.lambda("delete-function-concurrency");
            Some(Step::new(resource, Change::Remove, vec![command]))
        }
        (Some(planned), found) => {
            let put = || {
                let command = context.lambda("put-function-concurrency");
                vec![command.option("reserved-concurrent-executions", planned)]
            };
            let differences = found.map(|found| difference("from", found, planned).into_iter().collect());
            Some(Step::create_or_update(resource, differences, put, put))
        }
    }
}

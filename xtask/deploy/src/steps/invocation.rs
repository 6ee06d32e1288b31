//! Who may invoke the function, and where events go that fail: its URL, and the destination of asynchronous
//! invocations.

use serde_json::json;

use super::context::Context;
use super::step::{Change, Step, difference};
use crate::aws::AwsCommand;
use crate::deployed::Alias;
use crate::settings::UrlAccess;

/// The statements that a public URL needs: since October 2025 both.
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>
const PUBLIC_STATEMENTS: [&str; 2] = ["public-url", "public-url-invocation"];

pub(super) fn steps(context: &Context) -> Vec<Step> {
    url(context).into_iter().chain(destination(context)).collect()
}

impl Context<'_> {
    pub(super) fn deployed_alias(&self) -> Option<&Alias> {
        self.deployed.function.as_ref()?.alias.as_ref()
    }

    pub(super) fn has_statement(&self, id: &str) -> bool {
        let statements = self.deployed_alias().map(|alias| alias.statements.as_slice());
        statements
            .unwrap_or_default()
            .iter()
            .any(|statement| statement["Sid"] == id)
    }

    pub(super) fn remove_statement(&self, id: &str) -> AwsCommand {
        self.alias_command("remove-permission").option("statement-id", id)
    }
}

fn url(context: &Context) -> Option<Step> {
    let found = context
        .deployed_alias()
        .and_then(|alias| alias.url_authentication.as_deref());
    let resource = format!("URL of {}:{}", context.plan.name, context.plan.alias);
    let Some(access) = context.plan.url else {
        let remove = || {
            let mut commands = closed(context);
            commands.push(context.alias_command("delete-function-url-config"));
            Step::new(resource, Change::Remove, commands)
        };
        return found.map(|_| remove());
    };
    let authentication = match access {
        UrlAccess::Iam => "AWS_IAM",
        UrlAccess::Public => "NONE",
    };
    // A URL is opened only after it exists, and closed before it needs no authentication any more.
    let permissions = match access {
        UrlAccess::Iam => closed(context),
        UrlAccess::Public => opened(context),
    };
    let configure = |operation: &str| context.alias_command(operation).option("auth-type", authentication);
    let differences = found.map(|found| {
        let authentication = difference("authentication", found, authentication);
        let permissions = (!permissions.is_empty()).then(|| "permissions".to_owned());
        authentication.into_iter().chain(permissions).collect()
    });
    Some(Step::create_or_update(
        resource,
        differences,
        || [vec![configure("create-function-url-config")], permissions.clone()].concat(),
        || [vec![configure("update-function-url-config")], permissions.clone()].concat(),
    ))
}

/// Permits anyone to use the URL.
fn opened(context: &Context) -> Vec<AwsCommand> {
    let [by_url, invocation] = PUBLIC_STATEMENTS;
    let permit = |id: &str, action: &str| {
        let command = context.alias_command("add-permission").option("statement-id", id);
        command.option("action", action).option("principal", "*")
    };
    let both = [
        (
            by_url,
            permit(by_url, "lambda:InvokeFunctionUrl").option("function-url-auth-type", "NONE"),
        ),
        (
            invocation,
            permit(invocation, "lambda:InvokeFunction").flag("invoked-via-function-url"),
        ),
    ];
    let missing = both.into_iter().filter(|(id, _)| !context.has_statement(id));
    missing.map(|(_, command)| command).collect()
}

fn closed(context: &Context) -> Vec<AwsCommand> {
    let present = PUBLIC_STATEMENTS.into_iter().filter(|id| context.has_statement(id));
    present.map(|id| context.remove_statement(id)).collect()
}

/// The destination of events that are invoked asynchronously and fail.
fn destination(context: &Context) -> Option<Step> {
    let found = context.deployed_alias().map(|alias| alias.failure_destination.as_str());
    let found = found.unwrap_or_default();
    let resource = format!(
        "destination of failed events of {}:{}",
        context.plan.name, context.plan.alias
    );
    let Some(planned) = context.plan.failure_destination(context.scope) else {
        let command = context.alias_command("delete-function-event-invoke-config");
        return (!found.is_empty()).then(|| Step::new(resource, Change::Remove, vec![command]));
    };
    let put = || {
        let command = context.alias_command("put-function-event-invoke-config");
        let destination = json!({"OnFailure": {"Destination": planned}});
        vec![command.option("destination-config", destination)]
    };
    let differences = match found {
        "" => None,
        found => Some(difference("destination", found, &planned).into_iter().collect()),
    };
    Some(Step::create_or_update(resource, differences, put, put))
}

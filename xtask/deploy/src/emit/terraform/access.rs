//! In a module of Terraform: the URL, who may use it, and the destination of failed asynchronous invocations.

use super::alias::of_alias;
use crate::emit::hcl::{Body, Expression};
use crate::plan::Plan;
use crate::settings::{OnFailure, UrlAccess};

pub(super) fn add(plan: &Plan, body: Body) -> Body {
    let url = |kind: &str| {
        let resource = of_alias().with("authorization_type", kind);
        body.clone().resource("aws_lambda_function_url", "url", resource)
    };
    let permission = |id: &str, action: &str| {
        let permission = of_alias().with("statement_id", id).with("action", action);
        permission.with("principal", "*")
    };
    let body = match plan.url {
        None => body,
        Some(UrlAccess::Iam) => url("AWS_IAM"),
        Some(UrlAccess::Public) => url("NONE")
            .comment(
                "Anyone may use the URL, at this account's expense. Since October 2025 this needs both statements: \
                 https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
            )
            .resource(
                "aws_lambda_permission",
                "url",
                permission("public-url", "lambda:InvokeFunctionUrl").with("function_url_auth_type", "NONE"),
            )
            .resource(
                "aws_lambda_permission",
                "url_invocation",
                permission("public-url-invocation", "lambda:InvokeFunction").with("invoked_via_function_url", true),
            ),
    };
    let destination = match &plan.on_failure {
        OnFailure::Destination(arn) => Expression::from(arn.as_str()),
        OnFailure::Queue if plan.fails_to_own_queue() => Expression::plain("aws_sqs_queue.failed.arn"),
        OnFailure::Queue | OnFailure::Nowhere => return body,
    };
    let on_failure = Body::new().block("on_failure", Body::new().with("destination", destination));
    let config = of_alias().block("destination_config", on_failure);
    body.comment("Where events go that failed after Lambda's retries.")
        .resource("aws_lambda_function_event_invoke_config", "alias", config)
}

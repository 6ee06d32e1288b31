//! A plan as a module of Terraform.
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_function>

mod access;
mod alias;
mod events;

use super::hcl::{Body, Expression, document};
use super::strings::scope;
use super::template::{ARCHIVE, EmitFormat, EmittedFile, header};
use crate::plan::{FAILED_EVENTS_RETENTION, MAX_RECEIVES, Plan, RUNTIME};

/// The first release of the provider with `invoked_via_function_url` of `aws_lambda_permission`.
/// <https://github.com/hashicorp/terraform-provider-aws/pull/44858>
const PROVIDER_VERSION: &str = ">= 6.29";

pub(super) fn files(plan: &Plan) -> Vec<EmittedFile> {
    let body = Body::new().block("terraform", requirements());
    let body = ["aws_partition", "aws_region", "aws_caller_identity"]
        .iter()
        .fold(body, |body, kind| {
            body.block(&format!("data \"{kind}\" \"current\""), Body::new())
        });
    let body = function(plan, role(plan, logs(plan, body)));
    let body = access::add(plan, queues(plan, body));
    let header = header(EmitFormat::Terraform);
    vec![
        EmittedFile::new("main.tf", document(&header, &events::add(plan, body))),
        EmittedFile::new("variables.tf", document(&header, &variables(plan))),
        EmittedFile::new("outputs.tf", document(&header, &outputs(plan))),
        EmittedFile::new(".gitignore", ".terraform/\n*.tfstate*\nfunction.zip\n".to_owned()),
    ]
}

fn requirements() -> Body {
    let provider = Expression::Object(vec![
        ("source".to_owned(), "hashicorp/aws".into()),
        ("version".to_owned(), PROVIDER_VERSION.into()),
    ]);
    Body::new()
        .with("required_version", ">= 1.5")
        .block("required_providers", Body::new().with("aws", provider))
}

fn variables(plan: &Plan) -> Body {
    let variable = |description: &str| {
        Body::new()
            .with("description", description)
            .with("type", Expression::plain("string"))
    };
    match plan.is_image() {
        true => Body::new().block(
            "variable \"image_uri\"",
            variable("The image in a private repository of ECR, by its digest: REGISTRY/NAME@sha256:DIGEST."),
        ),
        false => Body::new().block(
            "variable \"archive\"",
            variable("The zip archive that `cargo xtask zip` writes.").with("default", ARCHIVE),
        ),
    }
}

fn outputs(plan: &Plan) -> Body {
    let output = |description: &str, value: &str| {
        Body::new()
            .with("description", description)
            .with("value", Expression::plain(value))
    };
    let mut outputs = Body::new().block(
        "output \"alias\"",
        output("The ARN of the alias to invoke.", "aws_lambda_alias.alias.arn"),
    );
    if plan.url.is_some() {
        let url = output("The URL of the alias.", "aws_lambda_function_url.url.function_url");
        outputs = outputs.block("output \"url\"", url);
    }
    if plan.failed_queue_name().is_some() {
        let queue = output("The queue of failed events.", "aws_sqs_queue.failed.url");
        outputs = outputs.block("output \"failed_queue_url\"", queue);
    }
    outputs
}

/// Without the tag of `deploy`: `undeploy` must not remove resources of another tool.
fn with_tags(plan: &Plan, body: Body) -> Body {
    let tags = plan
        .tags
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()));
    let tags = (!plan.tags.is_empty()).then(|| Expression::Object(tags.collect()));
    body.with_some("tags", tags)
}

fn logs(plan: &Plan, body: Body) -> Body {
    let group = Body::new()
        .with("name", plan.log_group())
        .with("retention_in_days", plan.log_retention);
    let group = with_tags(plan, group);
    body.comment("Made here, because the function's role may not make it and Lambda would keep logs for ever.")
        .resource("aws_cloudwatch_log_group", "logs", group)
}

fn role(plan: &Plan, body: Body) -> Body {
    let role = Body::new()
        .with("name", plan.role_name())
        .with("assume_role_policy", Expression::policy(&Plan::trust_policy()));
    let policy = Body::new()
        .with("name", plan.name.as_str())
        .with("role", Expression::plain("aws_iam_role.function.id"))
        .with("policy", Expression::policy(&plan.role_policy(&scope())));
    body.resource("aws_iam_role", "function", with_tags(plan, role))
        .comment("What the function may do, and nothing else.")
        .resource("aws_iam_role_policy", "function", policy)
}

fn function(plan: &Plan, body: Body) -> Body {
    let mut function = Body::new().with("function_name", plan.name.as_str());
    if !plan.description.is_empty() {
        function = function.with("description", plan.description.as_str());
    }
    let function = match plan.is_image() {
        true => function
            .with("package_type", "Image")
            .with("image_uri", Expression::plain("var.image_uri")),
        false => function
            .with("package_type", "Zip")
            .with("filename", Expression::plain("var.archive"))
            .with("source_code_hash", Expression::plain("filebase64sha256(var.archive)"))
            .with("handler", "bootstrap")
            .with("runtime", RUNTIME),
    };
    let architecture = plan.architecture.lambda_name();
    let mut function = function
        .with("architectures", Expression::list([architecture.into()]))
        .with("memory_size", plan.memory)
        .with("timeout", plan.timeout)
        .with("role", Expression::plain("aws_iam_role.function.arn"))
        .with_some("reserved_concurrent_executions", plan.reserved_concurrency)
        .comment("Each change publishes a version, to which the alias moves.")
        .with("publish", true);
    if !plan.environment.is_empty() {
        let variables = plan.environment.iter();
        let variables = variables.map(|(name, value)| (name.clone(), value.as_str().into()));
        let variables = Expression::Object(variables.collect());
        function = function.block("environment", Body::new().with("variables", variables));
    }
    if plan.snapstart {
        function = function.block("snap_start", Body::new().with("apply_on", "PublishedVersions"));
    }
    let logging = Body::new()
        .with("log_format", "Text")
        .with("log_group", Expression::plain("aws_cloudwatch_log_group.logs.name"));
    let function = with_tags(plan, function.block("logging_config", logging));
    let policy = Expression::plain("aws_iam_role_policy.function");
    let function = function.with("depends_on", Expression::list([policy]));
    let alias = Body::new()
        .with("name", plan.alias.as_str())
        .with(
            "function_name",
            Expression::plain("aws_lambda_function.function.function_name"),
        )
        .with(
            "function_version",
            Expression::plain("aws_lambda_function.function.version"),
        );
    body.resource("aws_lambda_function", "function", function)
        .resource("aws_lambda_alias", "alias", alias)
}

fn queues(plan: &Plan, body: Body) -> Body {
    let mut body = body;
    if let Some(name) = plan.queue_name() {
        let mut queue = Body::new()
            .with("name", name)
            .comment("Six times the function's timeout: a message must not reappear while it is processed.")
            .with("visibility_timeout_seconds", plan.visibility_timeout());
        if plan.failed_queue_name().is_some() {
            let redrive = Expression::Object(vec![
                (
                    "deadLetterTargetArn".to_owned(),
                    Expression::plain("aws_sqs_queue.failed.arn"),
                ),
                ("maxReceiveCount".to_owned(), MAX_RECEIVES.into()),
            ]);
            queue = queue.with("redrive_policy", Expression::Call("jsonencode", Box::new(redrive)));
        }
        body = body
            .comment("Between S3 and the function.")
            .resource("aws_sqs_queue", "events", with_tags(plan, queue));
    }
    let Some(name) = plan.failed_queue_name() else {
        return body;
    };
    let failed = Body::new()
        .with("name", name)
        .with("message_retention_seconds", FAILED_EVENTS_RETENTION);
    body.comment("Events that failed. They are kept for 14 days.").resource(
        "aws_sqs_queue",
        "failed",
        with_tags(plan, failed),
    )
}

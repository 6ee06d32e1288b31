//! A plan as a template of AWS SAM.
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>

mod events;

use super::strings::scope;
use super::template::{ARCHIVE, EmitFormat, EmittedFile, header};
use super::yaml::{Map, Yaml, document, resource};
use crate::arn::service;
use crate::plan::{FAILED_EVENTS_RETENTION, MAX_RECEIVES, Plan, RUNTIME};
use crate::settings::{OnFailure, UrlAccess};

/// SAM's names for services of destinations.
const DESTINATION_TYPES: [(&str, &str); 5] = [
    ("sqs", "SQS"),
    ("sns", "SNS"),
    ("events", "EventBridge"),
    ("lambda", "Lambda"),
    ("s3", "S3Bucket"),
];

pub(super) fn files(plan: &Plan) -> Vec<EmittedFile> {
    let mut template = Map::new()
        .with("AWSTemplateFormatVersion", "2010-09-09")
        .with("Transform", "AWS::Serverless-2016-10-31");
    if !plan.description.is_empty() {
        template = template.with("Description", plan.description.as_str());
    }
    if plan.is_image() {
        let uri = Map::new().with("Type", "String").with(
            "Description",
            "The image in a private repository of ECR, by its digest: REGISTRY/NAME@sha256:DIGEST",
        );
        template = template.with("Parameters", Map::new().with("ImageUri", uri));
    }
    let template = template
        .with("Resources", resources(plan))
        .with("Outputs", outputs(plan));
    let text = document(&header(EmitFormat::Sam), &template);
    vec![
        EmittedFile::new("template.yaml", text),
        EmittedFile::new(".gitignore", ".aws-sam/\nfunction.zip\n".to_owned()),
    ]
}

fn resources(plan: &Plan) -> Map {
    let role_properties = Map::new()
        .with("RoleName", plan.role_name())
        .with("AssumeRolePolicyDocument", Yaml::of_json(&Plan::trust_policy()))
        .with("Policies", vec![Yaml::Map(policy(plan))])
        .with_some("Tags", tag_list(plan));
    let mut log_properties = Map::new().with("LogGroupName", plan.log_group());
    if plan.log_retention > 0 {
        log_properties = log_properties.with("RetentionInDays", plan.log_retention);
    }
    let log_properties = log_properties.with_some("Tags", tag_list(plan));
    let resources = Map::new()
        .with("Function", resource("AWS::Serverless::Function", function(plan)))
        .commented(
            "What the function may do, and nothing else.",
            "Role",
            resource("AWS::IAM::Role", role_properties),
        )
        .commented(
            "Made here, because the function's role may not make it and Lambda would keep logs for ever.",
            "LogGroup",
            resource("AWS::Logs::LogGroup", log_properties),
        );
    events::rules(plan, queues(plan, resources))
}

fn policy(plan: &Plan) -> Map {
    Map::new()
        .with("PolicyName", plan.name.as_str())
        .with("PolicyDocument", Yaml::of_json(&plan.role_policy(&scope())))
}

fn function(plan: &Plan) -> Map {
    let mut function = Map::new().with("FunctionName", plan.name.as_str());
    if !plan.description.is_empty() {
        function = function.with("Description", plan.description.as_str());
    }
    let function = match plan.is_image() {
        true => function
            .with("PackageType", "Image")
            .with("ImageUri", Yaml::reference("ImageUri")),
        false => function
            .with("PackageType", "Zip")
            .with("CodeUri", ARCHIVE)
            .with("Handler", "bootstrap")
            .with("Runtime", RUNTIME),
    };
    let log_group = Map::new().with("LogGroup", Yaml::reference("LogGroup"));
    let mut function = function
        .with("Architectures", vec![Yaml::from(plan.architecture.lambda_name())])
        .with("MemorySize", plan.memory)
        .with("Timeout", plan.timeout)
        .with("Role", Yaml::attribute("Role.Arn"))
        .with("LoggingConfig", log_group);
    if !plan.environment.is_empty() {
        let variables = plan.environment.iter();
        let variables = variables.fold(Map::new(), |map, (name, value)| map.with(name, value.as_str()));
        function = function.with("Environment", Map::new().with("Variables", variables));
    }
    let mut function = function
        .commented(
            "Each deployment that changes the function publishes a version, and moves the alias to it.",
            "AutoPublishAlias",
            plan.alias.as_str(),
        )
        .with("AutoPublishAliasAllProperties", true);
    if plan.snapstart {
        function = function.with("SnapStart", Map::new().with("ApplyOn", "PublishedVersions"));
    }
    function = function.with_some("ReservedConcurrentExecutions", plan.reserved_concurrency);
    function = match plan.url {
        None => function,
        Some(UrlAccess::Iam) => function.commented(
            "Callers sign requests, and need lambda:InvokeFunctionUrl and lambda:InvokeFunction.",
            "FunctionUrlConfig",
            Map::new().with("AuthType", "AWS_IAM"),
        ),
        Some(UrlAccess::Public) => function.commented(
            "Anyone may use the URL, at this account's expense. SAM adds the two statements that this needs: \
             lambda:InvokeFunctionUrl, and lambda:InvokeFunction with lambda:InvokedViaFunctionUrl.",
            "FunctionUrlConfig",
            Map::new().with("AuthType", "NONE"),
        ),
    };
    if let Some(destination) = failure_destination(plan) {
        let config = Map::new().with("DestinationConfig", Map::new().with("OnFailure", destination));
        function = function.commented(
            "Where events go that failed after Lambda's retries.",
            "EventInvokeConfig",
            config,
        );
    }
    let tags = plan.tags.iter();
    let tags = tags.fold(Map::new(), |map, (name, value)| map.with(name, value.as_str()));
    let tags = (!tags.is_empty()).then_some(tags);
    events::of_function(plan, function).with_some("Tags", tags)
}

fn failure_destination(plan: &Plan) -> Option<Map> {
    let (kind, destination) = match &plan.on_failure {
        OnFailure::Destination(arn) => {
            let known = DESTINATION_TYPES.iter().find(|(name, _)| *name == service(arn));
            (known?.1, Yaml::from(arn.as_str()))
        }
        OnFailure::Queue if plan.fails_to_own_queue() => ("SQS", Yaml::attribute("FailedQueue.Arn")),
        OnFailure::Queue | OnFailure::Nowhere => return None,
    };
    Some(Map::new().with("Type", kind).with("Destination", destination))
}

fn queues(plan: &Plan, resources: Map) -> Map {
    let mut resources = resources;
    if let Some(name) = plan.queue_name() {
        let mut queue = Map::new().with("QueueName", name).commented(
            "Six times the function's timeout: a message must not reappear while it is processed.",
            "VisibilityTimeout",
            plan.visibility_timeout(),
        );
        if plan.failed_queue_name().is_some() {
            let redrive = Map::new()
                .with("deadLetterTargetArn", Yaml::attribute("FailedQueue.Arn"))
                .with("maxReceiveCount", MAX_RECEIVES);
            queue = queue.with("RedrivePolicy", redrive);
        }
        let queue = queue.with_some("Tags", tag_list(plan));
        resources = resources.commented(
            "Between S3 and the function.",
            "Queue",
            resource("AWS::SQS::Queue", queue),
        );
    }
    let Some(name) = plan.failed_queue_name() else {
        return resources;
    };
    let failed = Map::new()
        .with("QueueName", name)
        .with("MessageRetentionPeriod", FAILED_EVENTS_RETENTION)
        .with_some("Tags", tag_list(plan));
    resources.commented(
        "Events that failed. They are kept for 14 days.",
        "FailedQueue",
        resource("AWS::SQS::Queue", failed),
    )
}

/// Without the tag of `deploy`: `undeploy` must not remove resources of a stack.
fn tag_list(plan: &Plan) -> Option<Vec<Yaml>> {
    let tags = plan.tags.iter().map(|(name, value)| {
        let tag = Map::new().with("Key", name.as_str()).with("Value", value.as_str());
        Yaml::Map(tag)
    });
    let tags: Vec<_> = tags.collect();
    (!tags.is_empty()).then_some(tags)
}

fn outputs(plan: &Plan) -> Map {
    let output = |description: &str, value: Yaml| Map::new().with("Description", description).with("Value", value);
    let mut outputs = Map::new().with(
        "Alias",
        output("The alias to invoke", Yaml::reference("Function.Alias")),
    );
    if plan.url.is_some() {
        let url = Yaml::attribute("FunctionUrl.FunctionUrl");
        outputs = outputs.with("Url", output("The URL of the alias", url));
    }
    if plan.failed_queue_name().is_some() {
        let queue = Yaml::reference("FailedQueue");
        outputs = outputs.with("FailedQueueUrl", output("The queue of failed events", queue));
    }
    outputs
}

//! The construct: the function, and what it needs.

use serde_json::json;

use super::events;
use crate::emit::strings::{self, scope};
use crate::emit::template::{EmitFormat, header};
use crate::emit::typescript::{class_name, string, value};
use crate::plan::{FAILED_EVENTS_RETENTION, MAX_RECEIVES, Plan};
use crate::settings::{OnFailure, UrlAccess};

/// The indentation of statements in the constructor.
const INDENT: usize = 4;

/// The construct's class.
pub(super) fn class(plan: &Plan) -> String {
    format!("{}Function", class_name(&plan.name))
}

pub(super) fn text(plan: &Plan) -> String {
    let class = class(plan);
    let mut text = strings::comment("//", 0, &header(EmitFormat::Cdk));
    text += &format!("\n{}\n{}", imports(plan), props(plan, &class));
    text += &format!("export class {class} extends Construct {{\n{}\n", fields(plan));
    text += &format!("  constructor(scope: Construct, id: string, props: {class}Props) {{\n    super(scope, id);\n\n");
    let parts = [
        Some(queues(plan)),
        Some(role(plan)),
        Some(logs(plan)),
        Some(function(plan)),
        Some(alias(plan)),
        url(plan),
        destination(plan),
        events::text(plan),
        tags(plan),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    text += &parts.join("\n");
    text += "  }\n}\n";
    if plan.is_image() {
        text += IMAGE_CODE;
    }
    text
}

/// The CDK's own classes build an image, or need the repository as a resource.
const IMAGE_CODE: &str = "
/** An image that is in a registry already. */
class ImageCode extends lambda.Code {
  public readonly isInline = false;

  constructor(private readonly imageUri: string) {
    super();
  }

  public bind(): lambda.CodeConfig {
    return { image: { imageUri: this.imageUri } };
  }
}
";

fn imports(plan: &Plan) -> String {
    let has_queue = plan.queue || plan.failed_queue_name().is_some();
    let modules = [
        (true, "* as cdk", "aws-cdk-lib"),
        (true, "* as iam", "aws-cdk-lib/aws-iam"),
        (true, "* as lambda", "aws-cdk-lib/aws-lambda"),
        (true, "* as logs", "aws-cdk-lib/aws-logs"),
        (!plan.triggers.is_empty(), "* as s3", "aws-cdk-lib/aws-s3"),
        (
            !plan.triggers.is_empty() && !plan.queue,
            "* as notifications",
            "aws-cdk-lib/aws-s3-notifications",
        ),
        (has_queue, "* as sqs", "aws-cdk-lib/aws-sqs"),
        (true, "{ Construct }", "constructs"),
    ];
    let lines = modules.iter().filter(|(needed, ..)| *needed);
    let lines: Vec<_> = lines
        .map(|(_, names, module)| format!("import {names} from '{module}';\n"))
        .collect();
    lines.concat()
}

fn props(plan: &Plan, class: &str) -> String {
    let prop = match plan.is_image() {
        true => {
            "  /** The image in a private repository of ECR, by its digest: REGISTRY/NAME@sha256:DIGEST. */\n  \
                 readonly imageUri: string;\n"
        }
        false => "  /** The zip archive that `cargo xtask zip` writes. */\n  readonly archive: string;\n",
    };
    let description = match plan.description.split_whitespace().collect::<Vec<_>>().join(" ") {
        empty if empty.is_empty() => String::new(),
        text => format!("/** {} */\n", text.replace("*/", "* /")),
    };
    format!("export interface {class}Props {{\n{prop}}}\n\n{description}")
}

fn fields(plan: &Plan) -> String {
    let mut fields = "  /** What to invoke. */\n  public readonly alias: lambda.Alias;\n".to_owned();
    if plan.url.is_some() {
        fields += "  public readonly url: lambda.FunctionUrl;\n";
    }
    if plan.failed_queue_name().is_some() {
        fields += "  /** Events that failed. They are kept for 14 days. */\n  \
                   public readonly failedQueue: sqs.Queue;\n";
    }
    fields
}

fn queues(plan: &Plan) -> String {
    let mut text = String::new();
    if let Some(name) = plan.failed_queue_name() {
        text += &format!(
            "    this.failedQueue = new sqs.Queue(this, 'FailedQueue', {{\n      queueName: {},\n      \
             retentionPeriod: cdk.Duration.seconds({FAILED_EVENTS_RETENTION}),\n    }});\n",
            string(&name)
        );
    }
    let Some(name) = plan.queue_name() else {
        return text;
    };
    if !text.is_empty() {
        text.push('\n');
    }
    let redrive = match plan.failed_queue_name() {
        Some(_) => {
            format!("      deadLetterQueue: {{ queue: this.failedQueue, maxReceiveCount: {MAX_RECEIVES} }},\n")
        }
        None => String::new(),
    };
    text += "    // Between S3 and the function. A message must not reappear while it is processed, so that the\n    \
             // timeout is six times the function's.\n";
    text + &format!(
        "    const queue = new sqs.Queue(this, 'Queue', {{\n      queueName: {},\n      visibilityTimeout: \
         cdk.Duration.seconds({}),\n{redrive}    }});\n",
        string(&name),
        plan.visibility_timeout()
    )
}

fn role(plan: &Plan) -> String {
    let role = json!({
        "roleName": plan.role_name(),
        "assumeRolePolicyDocument": Plan::trust_policy(),
        "policies": [{"policyName": plan.name, "policyDocument": plan.role_policy(&scope())}],
    });
    let mut text = strings::comment(
        "//",
        INDENT,
        "What the function may do, and nothing else: constructs that are given an imported role add nothing to it.",
    );
    text += &format!(
        "    const role = new iam.CfnRole(this, 'Role', {});\n",
        value(&role, INDENT, INDENT)
    );
    text + "    const functionRole = iam.Role.fromRoleArn(this, 'FunctionRole', role.attrArn, {\n      mutable: false,\n    });\n"
}

fn logs(plan: &Plan) -> String {
    let days = match plan.log_retention {
        0 => "logs.RetentionDays.INFINITE".to_owned(),
        days => days.to_string(),
    };
    let mut text = strings::comment(
        "//",
        INDENT,
        "Made here, because the function's role may not make it and Lambda would keep logs for ever.",
    );
    text += &format!(
        "    const logGroup = new logs.LogGroup(this, 'LogGroup', {{\n      logGroupName: {},\n      retention: \
         {days},\n      removalPolicy: cdk.RemovalPolicy.DESTROY,\n    }});\n",
        string(&plan.log_group())
    );
    text
}

fn function(plan: &Plan) -> String {
    let mut lines = vec![format!("functionName: {}", string(&plan.name))];
    if !plan.description.is_empty() {
        lines.push(format!("description: {}", string(&plan.description)));
    }
    let code = match plan.is_image() {
        true => [
            "code: new ImageCode(props.imageUri)",
            "handler: lambda.Handler.FROM_IMAGE",
            "runtime: lambda.Runtime.FROM_IMAGE",
        ],
        false => [
            "code: lambda.Code.fromAsset(props.archive)",
            "handler: 'bootstrap'",
            "runtime: lambda.Runtime.PROVIDED_AL2023",
        ],
    };
    lines.extend(code.map(str::to_owned));
    lines.push(format!(
        "architecture: lambda.Architecture.{}",
        plan.architecture
            .lambda_name()
            .to_ascii_uppercase()
            .replace("ARM64", "ARM_64")
    ));
    lines.push(format!("memorySize: {}", plan.memory));
    lines.push(format!("timeout: cdk.Duration.seconds({})", plan.timeout));
    if !plan.environment.is_empty() {
        let environment = value(&json!(plan.environment), INDENT + 2, INDENT + 15);
        lines.push(format!("environment: {environment}"));
    }
    lines.push("role: functionRole".to_owned());
    lines.push("logGroup".to_owned());
    if let Some(reserved) = plan.reserved_concurrency {
        lines.push(format!("reservedConcurrentExecutions: {reserved}"));
    }
    lines.push("currentVersionOptions: { removalPolicy: cdk.RemovalPolicy.RETAIN }".to_owned());
    let lines: Vec<_> = lines.iter().map(|line| format!("      {line},\n")).collect();
    let mut text = format!(
        "    const fn = new lambda.Function(this, 'Function', {{\n{}    }});\n",
        lines.concat()
    );
    if plan.snapstart {
        text += &strings::comment(
            "//",
            INDENT,
            "The CDK's own property accepts only the runtimes that its release knows to have SnapStart.",
        );
        text += "    const resource = fn.node.defaultChild as lambda.CfnFunction;\n    \
                 resource.snapStart = { applyOn: 'PublishedVersions' };\n";
    }
    text
}

fn alias(plan: &Plan) -> String {
    format!(
        "    // Each change publishes a version, to which the alias moves. Earlier ones are kept.\n    \
         this.alias = new lambda.Alias(this, 'Alias', {{\n      aliasName: {},\n      version: fn.currentVersion,\n    \
         }});\n",
        string(&plan.alias)
    )
}

fn url(plan: &Plan) -> Option<String> {
    let (why, kind) = match plan.url? {
        UrlAccess::Iam => (
            "Callers sign requests, and need lambda:InvokeFunctionUrl and lambda:InvokeFunction.",
            "AWS_IAM",
        ),
        UrlAccess::Public => (
            "Anyone may use the URL, at this account's expense. The CDK adds the two statements that this needs: \
             lambda:InvokeFunctionUrl, and lambda:InvokeFunction with lambda:InvokedViaFunctionUrl.",
            "NONE",
        ),
    };
    let why = strings::comment("//", INDENT, why);
    Some(format!(
        "{why}    this.url = this.alias.addFunctionUrl({{ authType: lambda.FunctionUrlAuthType.{kind} }});\n"
    ))
}

fn destination(plan: &Plan) -> Option<String> {
    let arn = match &plan.on_failure {
        OnFailure::Destination(arn) => string(arn),
        OnFailure::Queue if plan.fails_to_own_queue() => "this.failedQueue.queueArn".to_owned(),
        OnFailure::Queue | OnFailure::Nowhere => return None,
    };
    Some(format!(
        "    // Where events go that failed after Lambda's retries.\n    this.alias.configureAsyncInvoke({{\n      \
         onFailure: {{ bind: () => ({{ destination: {arn} }}) }},\n    }});\n"
    ))
}

/// Without the tag of `deploy`: `undeploy` must not remove resources of a stack.
fn tags(plan: &Plan) -> Option<String> {
    let lines = plan.tags.iter();
    let lines = lines.map(|(name, value)| format!("    cdk.Tags.of(this).add({}, {});\n", string(name), string(value)));
    (!plan.tags.is_empty()).then(|| lines.collect::<Vec<_>>().concat())
}

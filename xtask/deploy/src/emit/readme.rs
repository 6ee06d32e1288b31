//! The README beside a template: what it makes, three commands, and what to know first.

use super::strings::wrap;
use super::template::{ARCHIVE, EmitFormat, ReadmePaths};
use crate::plan::Plan;
use crate::settings::UrlAccess;

pub(super) fn text(plan: &Plan, format: EmitFormat, paths: &ReadmePaths) -> String {
    let [build, deploy, remove] = commands(plan, format, paths);
    let kind = match format {
        EmitFormat::Sam => "A template of AWS SAM",
        EmitFormat::Cdk => "A construct and an app of the AWS CDK",
        EmitFormat::Terraform => "A module of Terraform",
    };
    let name = &plan.name;
    let introduction = format!(
        "{kind} for the function, written by `cargo xtask deploy --emit {}`. Run these commands in the project's folder:",
        format.name()
    );
    let requirements = format!(
        "They build the function, deploy it and remove it again. {}",
        requirements(plan, format)
    );
    let mut text = format!("# {name}\n\n{}\n", paragraph(&introduction));
    text += &format!(
        "```sh\n{build}\n{deploy}\n{remove}\n```\n\n{}\nThe template has:\n\n",
        paragraph(&requirements)
    );
    for line in contents(plan) {
        text += &format!("- {line}\n");
    }
    for (title, note) in notes(plan, format) {
        text += &format!("\n## {title}\n\n{}", paragraph(&note));
    }
    text
}

/// Ends with a line break.
fn paragraph(text: &str) -> String {
    wrap(text, 100).join("\n") + "\n"
}

fn commands(plan: &Plan, format: EmitFormat, paths: &ReadmePaths) -> [String; 3] {
    let ReadmePaths {
        package_options,
        archive,
        folder,
    } = paths;
    let (name, stack) = (&plan.name, plan.stack_name());
    let options = format!("{package_options} --arch {}", plan.architecture.lambda_name());
    // By its digest, an image stays the same.
    let image = format!("ACCOUNT.dkr.ecr.REGION.amazonaws.com/{name}");
    let build = match plan.is_image() {
        true => format!("cargo xtask image{options} --push {image}:latest   # prints the digest"),
        false => format!("cargo xtask zip{options} && cp {archive} {folder}/{ARCHIVE}"),
    };
    let uri = format!("{image}@sha256:DIGEST");
    let (deploy, remove) = match (format, plan.is_image()) {
        (EmitFormat::Sam, false) => (
            format!(
                "sam deploy --template-file {folder}/template.yaml --stack-name {stack} --resolve-s3 --capabilities \
                 CAPABILITY_NAMED_IAM"
            ),
            format!("sam delete --stack-name {stack}"),
        ),
        // `sam deploy` would push an image of its own.
        (EmitFormat::Sam, true) => (
            format!(
                "aws cloudformation deploy --template-file {folder}/template.yaml --stack-name {stack} --capabilities \
                 CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND --parameter-overrides ImageUri={uri}"
            ),
            format!("aws cloudformation delete-stack --stack-name {stack}"),
        ),
        (EmitFormat::Cdk, is_image) => {
            let context = if is_image {
                format!(" -c imageUri={uri}")
            } else {
                String::new()
            };
            (
                format!("(cd {folder} && npm install && npx cdk deploy{context})"),
                format!("(cd {folder} && npx cdk destroy{context})"),
            )
        }
        (EmitFormat::Terraform, is_image) => {
            let variable = if is_image {
                format!(" -var image_uri={uri}")
            } else {
                String::new()
            };
            (
                format!("terraform -chdir={folder} init && terraform -chdir={folder} apply{variable}"),
                format!("terraform -chdir={folder} destroy{variable}"),
            )
        }
    };
    [build, deploy, remove]
}

fn requirements(plan: &Plan, format: EmitFormat) -> String {
    let tool = match (format, plan.is_image()) {
        (EmitFormat::Sam, false) => "They need the AWS SAM CLI.",
        (EmitFormat::Sam, true) => "They need the AWS CLI.",
        (EmitFormat::Cdk, _) => {
            "They need Node.js 20 or newer, and an account and Region prepared by `npx cdk bootstrap`."
        }
        (EmitFormat::Terraform, _) => "They need Terraform 1.5 or newer, and the Region in `AWS_REGION`.",
    };
    match plan.is_image() {
        true => format!(
            "{tool} The repository `{}` in ECR must exist: `aws ecr create-repository --repository-name {}`.",
            plan.name, plan.name
        ),
        false => tool.to_owned(),
    }
}

fn contents(plan: &Plan) -> Vec<String> {
    let package = if plan.is_image() { "an image" } else { "a zip archive" };
    let mut lines = vec![
        format!(
            "the function `{}` from {package} for {}, its role `{}` and its log group `{}`",
            plan.name,
            plan.architecture.lambda_name(),
            plan.role_name(),
            plan.log_group()
        ),
        format!("a version for each change, and the alias `{}` to invoke", plan.alias),
    ];
    if let Some(name) = plan.queue_name() {
        lines.push(format!("the queue `{name}` between S3 and the function"));
    }
    if let Some(name) = plan.failed_queue_name() {
        lines.push(format!("the queue `{name}` with events that failed"));
    }
    match plan.url {
        None => {}
        Some(UrlAccess::Iam) => lines.push("a URL for callers who sign their requests".to_owned()),
        Some(UrlAccess::Public) => lines.push("**a URL that anyone may use**, at the account's expense".to_owned()),
    }
    for bucket in plan.trigger_buckets() {
        lines.push(format!(
            "events for new objects in the bucket `{bucket}`, which must exist already"
        ));
    }
    lines
}

fn notes(plan: &Plan, format: EmitFormat) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    if !plan.triggers.is_empty() {
        notes.push(("The bucket's events", trigger_note(plan, format)));
    }
    if plan.snapstart {
        let note = "[SnapStart](https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html) is on for published versions. \
                    If Lambda refuses it for images in your Region, take it out of the settings.";
        notes.push(("SnapStart", note.to_owned()));
    }
    notes.push((
        "Changes",
        format!(
            "`cargo xtask deploy --emit {}` replaces files that nobody edited since, and refuses to overwrite others. \
             Values of environment variables are in the template as they are: put no secrets there.",
            format.name()
        ),
    ));
    notes.push((
        "`deploy` and this template",
        "Deploy a function with either of them, because both use the same names. What this template makes has no tag of \
         `cargo xtask deploy`, so that `undeploy` does not remove it."
            .to_owned(),
    ));
    notes
}

fn trigger_note(plan: &Plan, format: EmitFormat) -> String {
    match format {
        EmitFormat::Sam => {
            let buckets: Vec<_> = plan
                .trigger_buckets()
                .into_iter()
                .map(|bucket| format!("`{bucket}`"))
                .collect();
            format!(
                "CloudFormation can set notifications only of a bucket that it makes itself. So a rule of EventBridge selects \
                 the same events, and **EventBridge must be on** for {}: in the console, under Properties, Amazon \
                 EventBridge. With the AWS CLI, add `\"EventBridgeConfiguration\": {{}}` to what `aws s3api \
                 get-bucket-notification-configuration` prints before you put it back: \
                 `put-bucket-notification-configuration` replaces all notifications of the bucket.",
                buckets.join(", ")
            )
        }
        EmitFormat::Cdk => "CloudFormation can set notifications only of a bucket that it makes itself. So the CDK deploys a \
                            function of its own, which adds these to the bucket's notifications and keeps those of others. \
                            The role of that function may \
                            change the notifications of this bucket."
            .to_owned(),
        EmitFormat::Terraform => "A bucket has one list of notifications, and `aws_s3_bucket_notification` owns all of it: \
                                  **notifications that others have set are removed**. If there are any, move the blocks of \
                                  that resource to the one that manages them, and remove it from `main.tf`. `aws s3api \
                                  get-bucket-notification-configuration --bucket BUCKET` shows them."
            .to_owned(),
    }
}

use serde_json::{Value, json};

use package::git::Head;

use super::*;
use crate::artefact::Artefact;
use crate::deployed::{Alias, Deployed, DeployedBucket, DeployedFunction, DeployedQueue, LogGroup, Role};
use crate::plan::Plan;
use crate::plan::tests::{plan, scope, variants};
use crate::settings::{PackageType, UrlAccess};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/steps");

fn artefact(plan: &Plan) -> Artefact {
    match plan.package {
        PackageType::Zip => Artefact::Zip {
            path: "thumbs.zip".into(),
            digest: "2jmj7l5rSw0yVb/vlWAYkK/YBwk=".to_owned(),
            bytes: 3_000_000,
        },
        PackageType::Image => Artefact::Image {
            layout: "thumbs".into(),
            digest: layer::Digest::of(b"manifest"),
        },
    }
}

fn head() -> Head {
    Head {
        commit: "0123abcd".to_owned(),
        dirty: false,
    }
}

fn steps_from(plan: &Plan, deployed: &Deployed) -> Vec<Step> {
    steps(&Context {
        plan,
        artefact: &artefact(plan),
        scope: &scope(),
        deployed,
        revision: Some(&head()),
    })
}

/// What is there after [`plan`] was deployed.
fn deployed(plan: &Plan) -> Deployed {
    let tags = plan.all_tags();
    let Artefact::Zip { digest, .. } = artefact(plan) else {
        panic!("the plan has an image");
    };
    let configuration = json!({
        "PackageType": "Zip", "Runtime": "provided.al2023", "Architectures": ["x86_64"], "CodeSha256": digest,
        "Role": scope().role("thumbs-role"), "Description": plan.description, "MemorySize": plan.memory,
        "Timeout": plan.timeout, "Environment": {"Variables": plan.environment}, "SnapStart": {"ApplyOn": "None"},
    });
    let mut version = configuration.clone();
    version["Description"] = json!(head().commit);
    let function = DeployedFunction {
        configuration,
        tags: tags.clone(),
        alias: Some(Alias {
            version: "1".to_owned(),
            configuration: version,
            statements: vec![json!({
                "Sid": "s3-photos", "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"}},
            })],
            failure_destination: scope().queue("thumbs-failed"),
            ..Alias::default()
        }),
        ..DeployedFunction::default()
    };
    let queue = DeployedQueue {
        attributes: [("MessageRetentionPeriod".to_owned(), "1209600".to_owned())].into(),
        tags: tags.clone(),
        ..DeployedQueue::default()
    };
    // As S3 returns it.
    let notifications = json!({"LambdaFunctionConfigurations": [{
        "Id": "thumbs/in/", "LambdaFunctionArn": scope().alias("thumbs", "live"), "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
    }]});
    let bucket = DeployedBucket {
        region: scope().region,
        notifications,
    };
    Deployed {
        log_group: Some(LogGroup {
            retention: Some(14),
            tags: tags.clone(),
        }),
        role: Some(Role {
            trust: Plan::trust_policy(),
            policies: [(plan.name.clone(), plan.role_policy(&scope()))].into(),
            tags,
        }),
        queues: [("thumbs-failed".to_owned(), queue)].into(),
        function: Some(function),
        buckets: [("photos".to_owned(), bucket)].into(),
        ..Deployed::default()
    }
}

/// The resources of the steps that are needed.
fn needed(plan: &Plan, deployed: &Deployed) -> Vec<String> {
    let steps = steps_from(plan, deployed).into_iter();
    steps.filter(Step::is_needed).map(|step| step.resource).collect()
}

/// What `--dry-run` shows in an empty account. `BLESS=1` writes the files again.
#[test]
fn dry_runs_are_as_expected() {
    for (name, plan) in variants() {
        let steps = steps_from(&plan, &Deployed::default());
        let shown = steps.iter().map(|step| format!("{step}\n"));
        let shown: String = shown.collect();
        let file = format!("{GOLDEN}/{name}.txt");
        if std::env::var_os("BLESS").is_some() {
            fs_err::create_dir_all(GOLDEN).unwrap();
            fs_err::write(&file, &shown).unwrap();
        }
        let expected = fs_err::read_to_string(&file).unwrap();
        assert_eq!(shown, expected, "{file}");
    }
}

#[test]
fn nothing_is_done_twice() {
    let plan = plan();
    let steps = steps_from(&plan, &deployed(&plan));
    let needed: Vec<_> = steps
        .iter()
        .filter(|step| step.is_needed())
        .map(ToString::to_string)
        .collect();
    assert!(needed.is_empty(), "{needed:#?}");
}

#[test]
fn aliases_that_were_pointed_to_no_version_get_one() {
    let plan = plan();
    let mut deployed = deployed(&plan);
    let alias = deployed.function.as_mut().and_then(|function| function.alias.as_mut());
    alias.unwrap().version = "$LATEST".to_owned();
    assert_eq!(needed(&plan, &deployed), ["alias thumbs:live"]);
}

#[test]
fn only_what_differs_is_changed() {
    let deployed = deployed(&plan());
    let changed = |change: fn(&mut Plan)| {
        let mut plan = plan();
        change(&mut plan);
        needed(&plan, &deployed)
    };
    let code = ["function thumbs", "alias thumbs:live"];
    assert_eq!(changed(|plan| plan.memory = 512), code);
    assert_eq!(changed(|plan| plan.environment.clear()), code);
    assert_eq!(changed(|plan| plan.log_retention = 0), ["log group /aws/lambda/thumbs"]);
    assert_eq!(changed(|plan| plan.url = Some(UrlAccess::Iam)), ["URL of thumbs:live"]);
    let permission = "permissions of buckets for thumbs:live";
    let moved = changed(|plan| plan.triggers = vec!["s3://other/".parse().unwrap()]);
    assert_eq!(
        moved,
        [
            permission,
            "notifications of s3://other",
            "notifications of s3://photos"
        ]
    );
    let queued = changed(|plan| plan.queue = true);
    let destination = "destination of failed events of thumbs:live";
    let expected = [
        "queue thumbs",
        "role thumbs-role",
        destination,
        "event source of thumbs:live",
        permission,
        "notifications of s3://photos",
    ];
    assert_eq!(queued, expected);
}

/// The alias is repaired after a failure between the change of the function and its publication.
#[test]
fn change_that_was_not_published_is_published() {
    let plan = plan();
    let mut deployed = deployed(&plan);
    let alias = deployed.function.as_mut().unwrap().alias.as_mut().unwrap();
    alias.configuration["MemorySize"] = json!(128);
    assert_eq!(needed(&plan, &deployed), ["alias thumbs:live"]);
}

#[test]
fn notifications_of_others_are_kept() {
    let plan = plan();
    let mut deployed = deployed(&plan);
    let other = json!({"Id": "other", "QueueArn": "arn:q", "Events": ["s3:ObjectRemoved:*"]});
    let topic = json!({"Id": "topic", "TopicArn": "arn:t", "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "docs/"}]}}});
    let found = json!({
        "QueueConfigurations": [other], "TopicConfigurations": [topic], "EventBridgeConfiguration": {},
    });
    deployed.buckets.get_mut("photos").unwrap().notifications = found.clone();
    let steps = steps_from(&plan, &deployed);
    let step = steps
        .iter()
        .find(|step| step.resource == "notifications of s3://photos")
        .unwrap();
    let StepCommand::Aws(command) = &step.commands[0] else {
        panic!("{step}");
    };
    let merged: Value = serde_json::from_str(command.words().last().unwrap()).unwrap();
    for list in ["QueueConfigurations", "TopicConfigurations", "EventBridgeConfiguration"] {
        assert_eq!(merged[list], found[list]);
    }
    assert_eq!(merged["LambdaFunctionConfigurations"][0]["Id"], "thumbs/in/");
    assert_eq!(trigger::without_own("thumbs", &merged), found);
    let overlapping = |text: &str| trigger::overlapping("thumbs", &text.parse().unwrap(), &merged);
    assert_eq!(overlapping("s3://photos/in/"), None);
    assert!(overlapping("s3://photos/docs/new/").unwrap().contains("arn:t"));
    assert!(overlapping("s3://photos/").is_some());
}

#[test]
fn removal_takes_only_what_has_the_tag() {
    let plan = plan();
    let mut deployed = deployed(&plan);
    deployed.batch_role = Some(Role {
        policies: [("photos".to_owned(), json!({})), ("archive".to_owned(), json!({}))].into(),
        tags: plan.all_tags(),
        ..Role::default()
    });
    let removed = |deployed: &Deployed| -> Vec<String> {
        let steps = crate::removal::removal(&plan, deployed).into_iter();
        steps.map(|step| step.resource).collect()
    };
    let expected = [
        "notifications of s3://photos to thumbs",
        "function thumbs",
        "queue thumbs-failed",
        "role thumbs-role",
        "role thumbs-batch",
        "log group /aws/lambda/thumbs, with all logs",
    ];
    assert_eq!(removed(&deployed), expected);
    let steps = crate::removal::removal(&plan, &deployed);
    assert_eq!(steps[4].commands.len(), 3, "{}", steps[4]);
    deployed.batch_role.as_mut().unwrap().tags.clear();
    deployed.role.as_mut().unwrap().tags.clear();
    deployed.queues.get_mut("thumbs-failed").unwrap().tags.clear();
    assert_eq!(removed(&deployed), [expected[0], expected[1], expected[5]]);
}

#[test]
fn only_the_alias_gets_the_events_of_the_queue() {
    let mut plan = plan();
    plan.queue = true;
    let mut deployed = deployed(&plan);
    let mapping = |deployed: &Deployed| -> Step {
        let steps = steps_from(&plan, deployed).into_iter();
        let mut steps = steps.filter(|step| step.resource.starts_with("event source"));
        steps.next().unwrap()
    };
    let operations = |step: &Step| -> Vec<String> { step.commands.iter().map(ToString::to_string).collect() };
    let mappings = |deployed: &mut Deployed, aliases: &[&str]| {
        let pairs = aliases
            .iter()
            .map(|alias| (scope().alias("thumbs", alias), format!("id-{alias}")));
        deployed.function.as_mut().unwrap().queue_mappings = pairs.collect();
    };
    mappings(&mut deployed, &["live"]);
    assert_eq!(mapping(&deployed).change, Change::Leave);
    mappings(&mut deployed, &["live", "old"]);
    let step = mapping(&deployed);
    assert_eq!(
        operations(&step),
        ["aws lambda delete-event-source-mapping --uuid id-old"]
    );
    mappings(&mut deployed, &["old"]);
    let step = mapping(&deployed);
    assert_eq!((step.change.clone(), step.commands.len()), (Change::Create, 2));
    assert!(operations(&step)[0].ends_with("--uuid id-old"));
}

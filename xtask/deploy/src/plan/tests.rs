use std::collections::BTreeSet;

use super::*;

pub(crate) fn scope() -> Scope {
    Scope {
        partition: "aws".to_owned(),
        region: "eu-central-1".to_owned(),
        account: "123456789012".to_owned(),
    }
}

/// A plan with one trigger.
pub(crate) fn plan() -> Plan {
    Plan {
        name: "thumbs".to_owned(),
        description: "Makes thumbnails".to_owned(),
        package: PackageType::Zip,
        architecture: Architecture::X86_64,
        memory: 1024,
        timeout: 20,
        environment: BTreeMap::from([("PHOTO_OUTPUT".to_owned(), "both".to_owned())]),
        snapstart: false,
        reserved_concurrency: None,
        alias: "live".to_owned(),
        log_retention: 14,
        access: Access {
            read: BTreeSet::from(["photos/in/*".to_owned()]),
            write: BTreeSet::from(["photos/out/in/*".to_owned()]),
            ..Access::default()
        },
        triggers: vec!["s3://photos/in/".parse().unwrap()],
        queue: false,
        on_failure: OnFailure::Queue,
        url: None,
        tags: BTreeMap::new(),
    }
}

/// Variants of [`plan`], by name: each kind of setting is in one of them.
pub(crate) fn variants() -> Vec<(&'static str, Plan)> {
    let image = Plan {
        package: PackageType::Image,
        architecture: Architecture::Aarch64,
        snapstart: true,
        url: Some(UrlAccess::Iam),
        triggers: Vec::new(),
        access: Access::default(),
        on_failure: OnFailure::Nowhere,
        ..plan()
    };
    let queue = Plan {
        queue: true,
        reserved_concurrency: Some(20),
        tags: BTreeMap::from([("team".to_owned(), "photos".to_owned())]),
        ..plan()
    };
    let public = Plan {
        url: Some(UrlAccess::Public),
        on_failure: OnFailure::Destination("arn:aws:sns:eu-central-1:123456789012:failed".to_owned()),
        ..plan()
    };
    vec![
        ("trigger", plan()),
        ("image", image),
        ("queue", queue),
        ("public", public),
    ]
}

#[test]
fn settings_that_aws_refuses_are_errors() {
    let error = |change: fn(&mut Plan)| {
        let mut plan = plan();
        change(&mut plan);
        plan.check().unwrap_err().to_string()
    };
    assert!(error(|plan| plan.name = "a b".to_owned()).contains("`name` is `a b`"));
    assert!(error(|plan| plan.alias = "12".to_owned()).contains("not only digits"));
    assert!(error(|plan| plan.memory = 64).contains("128 to 10240"));
    assert!(error(|plan| plan.timeout = 901).contains("1 to 900"));
    assert!(error(|plan| plan.log_retention = 31).contains("[1, 3, 5"));
    assert!(error(|plan| plan.triggers.push("s3://photos/in/raw/".parse().unwrap())).contains("overlap"));
    assert!(error(|plan| plan.snapstart = true).contains("use an image"));
    let without_trigger = |plan: &mut Plan| {
        plan.queue = true;
        plan.triggers.clear();
    };
    assert!(error(without_trigger).contains("add `on`"));
    for (_, plan) in variants() {
        plan.check().unwrap();
    }
}

#[test]
fn role_may_do_no_more_than_the_plan_needs() {
    for (name, plan) in variants() {
        let policy = plan.role_policy(&scope());
        for statement in policy["Statement"].as_array().unwrap() {
            let actions = statement["Action"].to_string();
            assert!(!actions.contains('*'), "{name}: {statement}");
            let resources = statement["Resource"].to_string();
            assert!(
                !resources.contains("\"*\"") && !resources.contains(":::*"),
                "{name}: {statement}"
            );
        }
        let text = policy.to_string();
        assert_eq!(text.contains("s3:GetObject"), !plan.access.read.is_empty(), "{name}");
        assert_eq!(text.contains("sqs:ReceiveMessage"), plan.queue, "{name}");
    }
    let text = variants()[3].1.role_policy(&scope()).to_string();
    assert!(
        text.contains("sns:Publish") && text.contains(":123456789012:failed"),
        "{text}"
    );
}

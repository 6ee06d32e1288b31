//! A role with a policy of its own.

use serde_json::Value;

use super::step::Step;
use super::tags::{tag_difference, tag_words};
use crate::aws::AwsCommand;
use crate::deployed::Role;
use crate::plan::Plan;

/// What a role has: who may use it, and one policy; others are left.
pub(crate) struct PlannedRole<'a> {
    pub name: String,
    pub trust: Value,
    pub policy_name: &'a str,
    pub policy: Value,
}

impl PlannedRole<'_> {
    pub(crate) fn step(&self, plan: &Plan, found: Option<&Role>) -> Step {
        let of_role = |operation: &str| AwsCommand::new("iam", operation).option("role-name", &self.name);
        let put_policy = || {
            let put = of_role("put-role-policy").option("policy-name", self.policy_name);
            put.option("policy-document", &self.policy)
        };
        let differences = found.map(|role| {
            let trusted = (role.trust != self.trust).then(|| "who may use it".to_owned());
            let has_policy = role.policies.get(self.policy_name) == Some(&self.policy);
            let permitted = (!has_policy).then(|| "permissions".to_owned());
            let all = trusted.into_iter().chain(permitted);
            all.chain(tag_difference(plan, &role.tags)).collect()
        });
        Step::create_or_update(
            format!("role {}", self.name),
            differences,
            || {
                let create = of_role("create-role").option("assume-role-policy-document", &self.trust);
                vec![create.options("tags", tag_words(plan)), put_policy()]
            },
            || {
                let trust = of_role("update-assume-role-policy").option("policy-document", &self.trust);
                let tag = of_role("tag-role").options("tags", tag_words(plan));
                vec![trust, put_policy(), tag]
            },
        )
    }
}

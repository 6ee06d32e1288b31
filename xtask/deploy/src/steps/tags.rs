//! The tags of resources, as words of commands.

use serde_json::json;

use crate::deployed::Tags;
use crate::plan::Plan;

/// An object, which the AWS CLI takes for maps of tags.
pub(super) fn tags_word(plan: &Plan) -> String {
    let tags = plan.all_tags();
    json!(tags).to_string()
}

/// An object for each tag, which the AWS CLI takes for lists of tags.
pub(super) fn tag_words(plan: &Plan) -> impl Iterator<Item = String> {
    let tags = plan.all_tags();
    tags.into_iter()
        .map(|(name, value)| json!({"Key": name, "Value": value}).to_string())
}

/// A phrase if tags of the plan are missing.
pub(super) fn tag_difference(plan: &Plan, tags: &Tags) -> Option<String> {
    let planned = plan.all_tags();
    let is_tagged = planned.iter().all(|(name, value)| tags.get(name) == Some(value));
    (!is_tagged).then(|| "tags".to_owned())
}

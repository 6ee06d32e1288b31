//! The plan: what is needed to run a function, as a value. It knows names, but neither an account nor what is there
//! already: the commands of `deploy` and the templates of `deploy --emit` are both made from it.

pub mod access;
pub(crate) mod limits;
pub mod policy;

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use opencv_build::Architecture;
use package::function_package::FunctionPackage;

use crate::arn::Scope;
use crate::settings::{OnFailure, PackageType, S3Prefix, Settings, UrlAccess};
use access::Access;

/// Marks what `deploy` made, with the function's name as its value. `undeploy` removes nothing else.
pub const TAG: &str = "deployed-function";
/// The beginning of the IDs of statements that permit buckets to invoke the function.
pub const S3_SID: &str = "s3-";
/// The runtime of zip archives.
pub const RUNTIME: &str = "provided.al2023";
/// In seconds: Lambda's default of 3 is too short for a first photo of many megapixels.
const DEFAULT_TIMEOUT: u32 = 30;
/// In megabytes. One processor, less a little: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
const DEFAULT_MEMORY: u32 = 1769;
pub const DEFAULT_ALIAS: &str = "live";
/// What the function is between two versions.
pub const UNPUBLISHED: &str = "$LATEST";
const DEFAULT_LOG_RETENTION: u32 = 30;
/// The days that CloudWatch Logs permits.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>
const LOG_RETENTIONS: [u32; 23] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, 0,
];

/// How long failed events are kept, in seconds: 14 days, the longest that SQS permits.
pub const FAILED_EVENTS_RETENTION: u32 = 14 * 24 * 3600;
/// How often an event is received before it counts as failed. At least 5 is AWS's advice.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
pub const MAX_RECEIVES: u32 = 5;

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub name: String,
    pub description: String,
    pub package: PackageType,
    pub architecture: Architecture,
    /// In megabytes.
    pub memory: u32,
    /// In seconds.
    pub timeout: u32,
    pub environment: BTreeMap<String, String>,
    pub snapstart: bool,
    pub reserved_concurrency: Option<u32>,
    pub alias: String,
    /// In days.
    pub log_retention: u32,
    pub access: Access,
    pub triggers: Vec<S3Prefix>,
    /// Whether a queue is between S3 and the function.
    pub queue: bool,
    pub on_failure: OnFailure,
    pub url: Option<UrlAccess>,
    /// Without [`TAG`].
    pub tags: BTreeMap<String, String>,
}

impl Plan {
    /// # Errors
    /// A setting is out of its range, or contradicts another one.
    pub fn new(
        package: &FunctionPackage,
        architecture: Architecture,
        settings: &Settings,
        access: Access,
    ) -> Result<Self> {
        let mut environment = package.environment.clone();
        environment.extend(settings.environment.clone());
        let triggers = settings.on.clone().unwrap_or_default();
        let on_failure = match triggers.is_empty() {
            true => OnFailure::Nowhere,
            false => OnFailure::Queue,
        };
        let plan = Self {
            name: settings.name.clone().unwrap_or_else(|| package.name.clone()),
            description: package.description.clone(),
            package: settings.package.unwrap_or(PackageType::Zip),
            architecture,
            memory: settings.memory.or(package.memory).unwrap_or(DEFAULT_MEMORY),
            timeout: settings.timeout.or(package.timeout).unwrap_or(DEFAULT_TIMEOUT),
            environment,
            snapstart: settings.snapstart.unwrap_or(false),
            reserved_concurrency: settings.reserved_concurrency,
            alias: settings.alias.clone().unwrap_or_else(|| DEFAULT_ALIAS.to_owned()),
            log_retention: settings.log_retention.unwrap_or(DEFAULT_LOG_RETENTION),
            access,
            queue: settings.queue.unwrap_or(false),
            on_failure: settings.on_failure.clone().unwrap_or(on_failure),
            triggers,
            url: settings.url,
            tags: settings.tags.clone(),
        };
        plan.check()?;
        Ok(plan)
    }

    fn check(&self) -> Result<()> {
        let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        ensure!(
            // The names of the role and the queues are longer by a suffix.
            is_word(&self.name) && (1..=56).contains(&self.name.len()),
            "`name` is `{}`; it must have 1 to 56 letters, digits, `-` or `_`",
            self.name
        );
        ensure!(
            self.package == PackageType::Zip || limits::is_repository_name(&self.name),
            "`name` is `{}`, which ECR does not permit for the repository of the image; use two or more lower-case \
             letters and digits, with single `-` or `_` between them",
            self.name
        );
        ensure!(
            is_word(&self.alias) && !self.alias.is_empty() && !self.alias.chars().all(|c| c.is_ascii_digit()),
            "`alias` is `{}`; it must have letters, digits, `-` or `_`, and not only digits",
            self.alias
        );
        ensure!(
            (128..=10240).contains(&self.memory),
            "`memory` is {}; it must be 128 to 10240 MB",
            self.memory
        );
        ensure!(
            (1..=900).contains(&self.timeout),
            "`timeout` is {}; it must be 1 to 900 seconds",
            self.timeout
        );
        ensure!(
            LOG_RETENTIONS.contains(&self.log_retention),
            "`log-retention` is {}; CloudWatch Logs permits these days, and 0 for ever: {LOG_RETENTIONS:?}",
            self.log_retention
        );
        ensure!(
            !self.queue || !self.triggers.is_empty(),
            "`queue` is set, but there is no trigger to put it behind; add `on`"
        );
        if self.queue && matches!(self.on_failure, OnFailure::Destination(_)) {
            bail!("`on-failure` is a destination, which events from a queue do not reach; leave out one of the two");
        }
        ensure!(
            !self.snapstart || self.package == PackageType::Image,
            "`snapstart` is set, but Lambda has it for images and not for zip archives with `{RUNTIME}`; use an image"
        );
        if let Some(arn) = self.unknown_destination() {
            bail!("`on-failure` is `{arn}`, which is not a queue, topic, bus, bucket or function");
        }
        for (index, trigger) in self.triggers.iter().enumerate() {
            for other in &self.triggers[index + 1..] {
                let overlap = trigger.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&trigger.prefix);
                ensure!(
                    trigger.bucket != other.bucket || !overlap,
                    "the triggers {trigger} and {other} overlap, which S3 refuses; use the shorter one"
                );
            }
        }
        limits::check_texts(&self.alias, &self.description)?;
        limits::check_environment(&self.environment)?;
        limits::check_tags(&self.tags, TAG)
    }

    pub fn role_name(&self) -> String {
        format!("{}-role", self.name)
    }

    /// The role with which S3 Batch Operations invokes the function.
    pub fn batch_role_name(&self) -> String {
        format!("{}-batch", self.name)
    }

    pub fn log_group(&self) -> String {
        default_log_group(&self.name)
    }

    /// The queue between S3 and the function, if there is one.
    pub fn queue_name(&self) -> Option<String> {
        self.queue.then(|| self.name.clone())
    }

    /// The queue for events that failed, if there is one: the dead-letter queue of the other queue, or the destination
    /// of asynchronous invocations.
    pub fn failed_queue_name(&self) -> Option<String> {
        (self.on_failure == OnFailure::Queue).then(|| self.failed_name())
    }

    pub(crate) fn failed_name(&self) -> String {
        format!("{}-failed", self.name)
    }

    /// The destination of failed asynchronous invocations.
    pub fn failure_destination(&self, scope: &Scope) -> Option<String> {
        match &self.on_failure {
            OnFailure::Destination(arn) => Some(arn.clone()),
            OnFailure::Queue if !self.queue => self.failed_queue_name().map(|name| scope.queue(&name)),
            OnFailure::Queue | OnFailure::Nowhere => None,
        }
    }

    /// The buckets of the triggers, without repetitions.
    pub fn trigger_buckets(&self) -> Vec<&str> {
        let mut buckets: Vec<_> = self.triggers.iter().map(|trigger| trigger.bucket.as_str()).collect();
        buckets.sort_unstable();
        buckets.dedup();
        buckets
    }

    /// All tags of what is made.
    pub fn all_tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        tags.insert(TAG.to_owned(), self.name.clone());
        tags
    }

    /// In seconds: six times the function's timeout, as AWS advises.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
    pub fn visibility_timeout(&self) -> u32 {
        6 * self.timeout
    }
}

/// Where Lambda writes the log of a function, unless its configuration says otherwise.
pub fn default_log_group(function: &str) -> String {
    format!("/aws/lambda/{function}")
}

#[cfg(test)]
pub(crate) mod tests;

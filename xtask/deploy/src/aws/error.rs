//! Failures of the AWS CLI, told apart by its messages, each with what to do.

use std::fmt;

/// Why a command of the AWS CLI failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct AwsError {
    /// Such as `lambda create-function`.
    operation: String,
    pub kind: AwsErrorKind,
    /// What the CLI printed.
    message: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsErrorKind {
    NoCli,
    NoCredentials,
    ExpiredCredentials,
    NoRegion,
    UnknownProfile,
    Unreachable,
    /// The permission that is missing, if the message names it.
    AccessDenied(Option<String>),
    Throttled,
    /// AWS refused it, with this code.
    Refused(String),
    /// The CLI printed something else than expected.
    Unexpected,
}

/// What the CLI prints if it sends no request. Versions 1 and 2 differ little.
const MESSAGES: [(&str, AwsErrorKind); 9] = [
    ("Unable to locate credentials", AwsErrorKind::NoCredentials),
    ("Unable to locate authorization token", AwsErrorKind::NoCredentials),
    ("Token has expired", AwsErrorKind::ExpiredCredentials),
    ("Error loading SSO Token", AwsErrorKind::ExpiredCredentials),
    (
        "The SSO session associated with this profile",
        AwsErrorKind::ExpiredCredentials,
    ),
    ("You must specify a region", AwsErrorKind::NoRegion),
    ("could not be found", AwsErrorKind::UnknownProfile),
    ("Could not connect to the endpoint URL", AwsErrorKind::Unreachable),
    ("Connect timeout on endpoint URL", AwsErrorKind::Unreachable),
];
const EXPIRED: [&str; 4] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "UnauthorizedSSOTokenError",
];
const INVALID_CREDENTIALS: [&str; 4] = [
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
];
const ACCESS_DENIED: [&str; 5] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "403",
];
const THROTTLED: [&str; 5] = [
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
];
const NOT_FOUND: [&str; 10] = [
    "ResourceNotFoundException",
    "NoSuchEntity",
    "NoSuchBucket",
    "NoSuchTagSet",
    "404",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "NonExistentQueue",
    "RepositoryNotFoundException",
    "ImageNotFoundException",
];

impl AwsError {
    pub(super) fn not_started(error: &anyhow::Error) -> Self {
        Self {
            operation: String::new(),
            kind: AwsErrorKind::NoCli,
            message: format!("{error:#}"),
        }
    }

    pub(super) fn no_region() -> Self {
        Self {
            operation: String::new(),
            kind: AwsErrorKind::NoRegion,
            message: String::new(),
        }
    }

    pub(super) fn unexpected(operation: &str, field: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            kind: AwsErrorKind::Unexpected,
            message: format!("its output has no `{field}`"),
        }
    }

    pub(super) fn of_output(operation: &str, stderr: &str) -> Self {
        let message = stderr.trim().to_owned();
        Self {
            operation: operation.to_owned(),
            kind: kind(&message),
            message,
        }
    }

    /// Whether the same command may succeed a moment later.
    pub fn is_temporary(&self) -> bool {
        matches!(self.kind, AwsErrorKind::Throttled | AwsErrorKind::Unreachable)
    }

    pub fn is_access_denied(&self) -> bool {
        matches!(self.kind, AwsErrorKind::AccessDenied(_))
    }

    pub fn is_not_found(&self) -> bool {
        self.has_code(&NOT_FOUND)
    }

    pub fn has_code(&self, codes: &[&str]) -> bool {
        matches!(&self.kind, AwsErrorKind::Refused(code) if codes.contains(&code.as_str()))
    }

    /// Whether it is the refusal of something that was made or removed a moment ago: a role that Lambda does not know
    /// yet, a target that does not yet let S3 notify it, or the name of a queue that was removed less than a minute ago.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency>
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>
    pub fn is_passing(&self) -> bool {
        let refused = |code: &str, text: &str| self.has_code(&[code]) && self.message.contains(text);
        refused("InvalidParameterValueException", "role")
            || refused(
                "InvalidArgument",
                "Unable to validate the following destination configurations",
            )
            || self.has_code(&["AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"])
    }
}

fn kind(message: &str) -> AwsErrorKind {
    if let Some(code) = code(message) {
        let is = |codes: &[&str]| codes.contains(&code);
        return match code {
            _ if is(&EXPIRED) => AwsErrorKind::ExpiredCredentials,
            _ if is(&INVALID_CREDENTIALS) => AwsErrorKind::NoCredentials,
            _ if is(&ACCESS_DENIED) => AwsErrorKind::AccessDenied(missing_permission(message)),
            _ if is(&THROTTLED) => AwsErrorKind::Throttled,
            other => AwsErrorKind::Refused(other.to_owned()),
        };
    }
    let found = MESSAGES.iter().find(|(text, _)| message.contains(text));
    found.map_or(AwsErrorKind::Unexpected, |(_, kind)| kind.clone())
}

/// Of `An error occurred (CODE) when calling the OPERATION operation: …`.
fn code(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("An error occurred (")?;
    Some(rest.split_once(')')?.0)
}

/// Of `… is not authorized to perform: ACTION on resource: …`.
fn missing_permission(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let action = rest.split([' ', ',']).next()?;
    Some(action.to_owned())
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remedy = match &self.kind {
            AwsErrorKind::NoCli => "the AWS CLI cannot be started; install version 1 or 2, and put it on PATH",
            AwsErrorKind::NoCredentials => {
                "the AWS CLI has no valid credentials; run `aws configure`, `aws sso login` or set AWS_PROFILE"
            }
            AwsErrorKind::ExpiredCredentials => "the credentials have expired; run `aws sso login`, or get new ones",
            AwsErrorKind::NoRegion => "no Region is configured; set AWS_REGION, or run `aws configure`",
            AwsErrorKind::UnknownProfile => "the profile does not exist; `aws configure list-profiles` lists them",
            AwsErrorKind::Unreachable => "AWS cannot be reached; check the network, the proxy and the Region",
            AwsErrorKind::AccessDenied(Some(action)) => {
                let operation = &self.operation;
                return write!(
                    f,
                    "`aws {operation}` is not permitted; your user or role lacks the permission `{action}`\n  | {}",
                    self.message
                );
            }
            AwsErrorKind::AccessDenied(None) => "it is not permitted; your user or role lacks a permission for it",
            AwsErrorKind::Throttled => "AWS received too many requests; wait a minute, and run it again",
            AwsErrorKind::Refused(_) | AwsErrorKind::Unexpected => "it failed",
        };
        let operation = match self.operation.as_str() {
            "" => String::new(),
            operation => format!("`aws {operation}`: "),
        };
        write!(f, "{operation}{remedy}")?;
        if !self.message.is_empty() {
            write!(f, "\n  | {}", self.message.replace('\n', "\n  | "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What versions 1 and 2 of the CLI print.
    #[test]
    fn messages_of_the_cli_have_a_kind_and_a_remedy() {
        for (message, kind, remedy) in [
            (
                "Unable to locate credentials. You can configure credentials by running \"aws configure\".",
                AwsErrorKind::NoCredentials,
                "aws sso login",
            ),
            (
                "The SSO session associated with this profile has expired or is otherwise invalid.",
                AwsErrorKind::ExpiredCredentials,
                "have expired",
            ),
            (
                "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: The security token \
                 included in the request is expired",
                AwsErrorKind::ExpiredCredentials,
                "have expired",
            ),
            (
                "You must specify a region. You can also configure your region by running \"aws configure\".",
                AwsErrorKind::NoRegion,
                "AWS_REGION",
            ),
            (
                "The config profile (other) could not be found",
                AwsErrorKind::UnknownProfile,
                "list-profiles",
            ),
            (
                "Could not connect to the endpoint URL: \"https://lambda.eu-nowhere-1.amazonaws.com/\"",
                AwsErrorKind::Unreachable,
                "the Region",
            ),
            (
                "An error occurred (AccessDeniedException) when calling the CreateFunction operation: User: \
                 arn:aws:iam::1:user/a is not authorized to perform: lambda:CreateFunction on resource: arn:aws:x",
                AwsErrorKind::AccessDenied(Some("lambda:CreateFunction".to_owned())),
                "lacks the permission `lambda:CreateFunction`",
            ),
            (
                "An error occurred (ThrottlingException) when calling the GetRole operation (reached max retries: 2): \
                 Rate exceeded",
                AwsErrorKind::Throttled,
                "run it again",
            ),
        ] {
            let error = AwsError::of_output("lambda create-function", message);
            assert_eq!(error.kind, kind, "{message}");
            let text = error.to_string();
            assert!(text.contains(remedy) && text.contains(message), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_told_from_other_refusals() {
        let error = |code: &str| {
            let message = format!("An error occurred ({code}) when calling the X operation: no");
            AwsError::of_output("x y", &message)
        };
        assert!(error("ResourceNotFoundException").is_not_found() && error("NoSuchEntity").is_not_found());
        assert!(!error("InvalidParameterValueException").is_not_found());
        assert!(error("ResourceConflictException").has_code(&["ResourceConflictException"]));
        assert!(error("AWS.SimpleQueueService.QueueDeletedRecently").is_passing());
        assert!(!error("InvalidArgument").is_passing());
        let message = "An error occurred (InvalidArgument) when calling the PutBucketNotificationConfiguration operation: \
                       Unable to validate the following destination configurations";
        assert!(AwsError::of_output("x y", message).is_passing());
    }
}

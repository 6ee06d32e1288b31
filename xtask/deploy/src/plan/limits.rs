//! What AWS permits for environment variables, tags, the description and the alias: it would refuse others half-way.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::json;

/// Of all variables, as JSON. <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_ENVIRONMENT: usize = 4096;
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
const RESERVED_VARIABLES: [&str; 16] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
const MAX_DESCRIPTION: usize = 256;
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>
const MAX_ALIAS: usize = 128;
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules>
const MAX_TAGS: usize = 50;
const MAX_TAG_NAME: usize = 128;
const MAX_TAG_VALUE: usize = 256;

/// Whether ECR permits it: `[a-z0-9]+(?:[._-][a-z0-9]+)*`, with 2 to 256 characters.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>
pub fn is_repository_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let mut characters = part.chars();
        !part.is_empty() && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    (2..=256).contains(&name.len()) && name.split(['.', '_', '-']).all(is_part)
}

pub(super) fn check_texts(alias: &str, description: &str) -> Result<()> {
    ensure!(
        alias.len() <= MAX_ALIAS,
        "`alias` has {} characters; it must have at most {MAX_ALIAS}",
        alias.len()
    );
    let number = description.chars().count();
    ensure!(
        number <= MAX_DESCRIPTION,
        "`description` has {number} characters; Lambda permits {MAX_DESCRIPTION}"
    );
    Ok(())
}

pub(super) fn check_environment(environment: &BTreeMap<String, String>) -> Result<()> {
    for name in environment.keys() {
        let is_word = name.len() >= 2 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        ensure!(
            is_word && name.starts_with(|c: char| c.is_ascii_alphabetic()),
            "`environment` has the name `{name}`; names must begin with a letter, and have at least two letters, digits \
             or `_`"
        );
        ensure!(
            !RESERVED_VARIABLES.contains(&name.as_str()),
            "`environment` has the name `{name}`, which Lambda itself sets; leave it out"
        );
    }
    let size = json!(environment).to_string().len();
    ensure!(
        size <= MAX_ENVIRONMENT,
        "`environment` has {size} bytes; Lambda permits {MAX_ENVIRONMENT} for all variables together"
    );
    Ok(())
}

/// By the rules of IAM, which are the strictest. `own` is the name of the tag that `deploy` sets.
pub(super) fn check_tags(tags: &BTreeMap<String, String>, own: &str) -> Result<()> {
    let is_permitted = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    for (name, value) in tags {
        ensure!(
            (1..=MAX_TAG_NAME).contains(&name.chars().count()) && value.chars().count() <= MAX_TAG_VALUE,
            "`tags` has `{name}`; names must have 1 to {MAX_TAG_NAME} characters, and values at most {MAX_TAG_VALUE}"
        );
        ensure!(
            name.chars().chain(value.chars()).all(is_permitted),
            "`tags` has `{name}={value}`; names and values must have letters, digits, spaces and `_.:/=+-@`"
        );
        ensure!(
            !name.to_lowercase().starts_with("aws:"),
            "`tags` has `{name}`; names with `aws:` are those of AWS"
        );
        ensure!(
            name != own,
            "`tags` has `{own}`, which `deploy` itself sets; leave it out"
        );
    }
    // With the one that `deploy` sets.
    ensure!(
        tags.len() < MAX_TAGS,
        "`tags` has {} tags; AWS permits {MAX_TAGS}, and one is that of `deploy`",
        tags.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "own";

    fn pairs(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn variables_are_those_that_lambda_takes() {
        let check = |name: &str, value: &str| check_environment(&pairs(name, value)).map_err(|error| error.to_string());
        check("PHOTO_QUALITY", "a=\"b\"\nc 'd'").unwrap();
        check("AB", &"x".repeat(4087)).unwrap();
        assert!(check("AB", &"x".repeat(4088)).unwrap_err().contains("4097 bytes"));
        for name in ["", "A", "1AB", "_AB", "A-B", "A B", "ÄB"] {
            assert!(
                check(name, "").unwrap_err().contains("must begin with a letter"),
                "{name}"
            );
        }
        assert!(check("AWS_REGION", "a").unwrap_err().contains("leave it out"));
        check("AWS_ENDPOINT_URL_S3", "http://127.0.0.1").unwrap();
    }

    #[test]
    fn tags_are_those_that_iam_takes() {
        let check = |name: &str, value: &str| check_tags(&pairs(name, value), OWN).map_err(|error| error.to_string());
        check("Kosten stelle", "a/b=c:Ü@1+2-3._").unwrap();
        check("empty", "").unwrap();
        for (name, value, expected) in [
            ("", "a", "1 to 128"),
            ("a", &*"x".repeat(257), "at most 256"),
            ("a", "b\nc", "must have letters"),
            ("a,b", "", "must have letters"),
            ("Aws:a", "", "are those of AWS"),
            (OWN, "other", "itself sets"),
        ] {
            let error = check(name, value).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let tags = |number: u32| (0..number).map(|tag| (tag.to_string(), String::new())).collect();
        check_tags(&tags(49), OWN).unwrap();
        assert!(check_tags(&tags(50), OWN).is_err());
    }

    #[test]
    fn texts_have_a_length() {
        check_texts(&"a".repeat(128), &"ü".repeat(256)).unwrap();
        let error = check_texts("live", &"ü".repeat(257)).unwrap_err().to_string();
        assert!(error.contains("257 characters"), "{error}");
        assert!(check_texts(&"a".repeat(129), "").is_err());
    }

    #[test]
    fn repositories_have_names_in_lower_case() {
        for name in ["thumbs", "my-function_2", "a1"] {
            assert!(is_repository_name(name), "{name}");
        }
        for name in ["Thumbs", "t", "a__b", "-a", "a-", ""] {
            assert!(!is_repository_name(name), "{name}");
        }
    }
}

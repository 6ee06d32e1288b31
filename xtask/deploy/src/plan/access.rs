//! The objects that a function reads, writes and deletes. A function with the harness says so itself, for the options
//! with which it is deployed; others say it in `access` of their settings.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use package::function::Function;
use serde::Deserialize;
use support::run::{Shell, cmd, output};

use crate::settings::{AccessSettings, S3Prefix};

/// The option of functions with the harness that prints a [`Description`].
const DESCRIBE: &str = "--describe-access";

/// Patterns of objects, `BUCKET/KEY` with `*` for any text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub read: BTreeSet<String>,
    pub write: BTreeSet<String>,
    pub delete: BTreeSet<String>,
    /// Buckets in which a missing object must be told from a forbidden one.
    pub list: BTreeSet<String>,
}

/// What a function with the harness prints. `{key}` in patterns is the key of a photo.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// The only buckets that it uses; `null` for any.
    pub buckets: Option<Vec<String>>,
    /// Where it writes; `null` for the photo's bucket.
    pub output_bucket: Option<String>,
    pub written_keys: Vec<String>,
    /// Where it moves photos.
    pub destination_key: Option<String>,
}

impl Description {
    /// Asks the function's program, which runs by qemu if it is for another architecture than this machine's.
    ///
    /// # Errors
    /// It cannot run here, is not one of the harness, or refuses its options.
    pub fn of_function(function: &Function, environment: &BTreeMap<String, String>) -> Result<Self> {
        let ask = || {
            let runner = function.libraries.sysroot.runner()?;
            let words = runner.command_line(function.path());
            let (program, words) = words.split_first().context("a command line is never empty")?;
            let shell = Shell::new()?;
            output(
                cmd!(shell, "{program} {words...} {DESCRIBE}")
                    .env_clear()
                    .envs(environment),
            )
        };
        let text = ask().context(
            "the function does not say which objects it uses; if it has no harness, or cannot run here, set `access` \
             in deploy.toml",
        )?;
        serde_json::from_str(&text).context("the function describes its access in an unknown way; set `access`")
    }

    /// The access for photos at the triggers, or else in the buckets that the function may use.
    pub fn access(&self, triggers: &[S3Prefix]) -> Access {
        let listed = self.buckets.iter().flatten().map(|bucket| S3Prefix {
            bucket: bucket.clone(),
            prefix: String::new(),
        });
        let photos: Vec<_> = match triggers {
            [] => listed.collect(),
            triggers => triggers.to_vec(),
        };
        let mut access = Access::default();
        for S3Prefix { bucket, prefix } in &photos {
            let key = format!("{prefix}*");
            let written = self.output_bucket.as_ref().unwrap_or(bucket);
            let object = |bucket: &str, pattern: &str| format!("{bucket}/{}", resource_key(pattern, &key));
            access.read.insert(format!("{bucket}/{key}"));
            access
                .write
                .extend(self.written_keys.iter().map(|pattern| object(written, pattern)));
            if let Some(pattern) = &self.destination_key {
                access.write.insert(object(bucket, pattern));
                access.delete.insert(format!("{bucket}/{key}"));
                // For a photo that was moved already.
                access.read.insert(object(bucket, pattern));
                access.list.insert(bucket.clone());
            }
        }
        access
    }
}

/// The pattern of a key, with `*` for all that depends on the photo.
fn resource_key(pattern: &str, photo: &str) -> String {
    let mut key = pattern
        .replace("{key}", photo)
        .replace("{name}", "*")
        .replace("{extension}", "*");
    // IAM's patterns have no escapes; a second star says nothing more.
    while key.contains("**") {
        key = key.replace("**", "*");
    }
    key
}

impl AccessSettings {
    /// # Errors
    /// A pattern has no bucket, or a placeholder without a trigger.
    pub fn access(&self, triggers: &[S3Prefix]) -> Result<Access> {
        let resolve = |patterns: &[String]| -> Result<BTreeSet<String>> {
            let mut all = BTreeSet::new();
            for pattern in patterns {
                if !pattern.contains("{bucket}") && !pattern.contains("{prefix}") {
                    all.insert(checked(pattern)?);
                    continue;
                }
                ensure!(
                    !triggers.is_empty(),
                    "`access` has `{pattern}`, but the function has no trigger; add `on`, or name the bucket"
                );
                for S3Prefix { bucket, prefix } in triggers {
                    all.insert(checked(
                        &pattern.replace("{bucket}", bucket).replace("{prefix}", prefix),
                    )?);
                }
            }
            Ok(all)
        };
        Ok(Access {
            read: resolve(&self.read)?,
            write: resolve(&self.write)?,
            delete: resolve(&self.delete)?,
            list: BTreeSet::new(),
        })
    }
}

fn checked(pattern: &str) -> Result<String> {
    let bucket = pattern.split('/').next().unwrap_or_default();
    ensure!(
        pattern.contains('/') && bucket.len() >= 3 && !bucket.contains('*'),
        "`access` has `{pattern}`, which is not of the form BUCKET/KEY"
    );
    Ok(pattern.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(patterns: &[&str]) -> BTreeSet<String> {
        patterns.iter().map(|pattern| (*pattern).to_owned()).collect()
    }

    #[test]
    fn access_follows_the_options_and_the_triggers() {
        let mut description = Description {
            buckets: None,
            output_bucket: None,
            written_keys: vec!["{key}_rs.{extension}".to_owned()],
            destination_key: Some("rejected/{key}".to_owned()),
        };
        let triggers = ["s3://photos/in/".parse().unwrap()];
        let access = description.access(&triggers);
        assert_eq!(access.read, set(&["photos/in/*", "photos/rejected/in/*"]));
        assert_eq!(access.write, set(&["photos/in/*_rs.*", "photos/rejected/in/*"]));
        assert_eq!((access.delete, access.list), (set(&["photos/in/*"]), set(&["photos"])));

        description.output_bucket = Some("results".to_owned());
        description.destination_key = None;
        assert_eq!(description.access(&triggers).write, set(&["results/in/*_rs.*"]));
        assert_eq!(description.access(&[]), Access::default());
        description.buckets = Some(vec!["one".to_owned()]);
        assert_eq!(description.access(&[]).read, set(&["one/*"]));
    }

    #[test]
    fn patterns_of_settings_are_objects() {
        let settings = AccessSettings {
            read: vec!["{bucket}/{prefix}*".to_owned(), "models/face.onnx".to_owned()],
            ..AccessSettings::default()
        };
        let access = settings.access(&["s3://photos/in/".parse().unwrap()]).unwrap();
        assert_eq!(access.read, set(&["models/face.onnx", "photos/in/*"]));
        assert!(settings.access(&[]).unwrap_err().to_string().contains("no trigger"));
        for bad in ["photos", "*/a", "/a"] {
            let settings = AccessSettings {
                write: vec![bad.to_owned()],
                ..AccessSettings::default()
            };
            assert!(
                settings.access(&[]).unwrap_err().to_string().contains("BUCKET/KEY"),
                "{bad}"
            );
        }
    }
}

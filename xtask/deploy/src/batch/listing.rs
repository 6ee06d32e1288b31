//! The user's photos below a prefix: all objects except folder markers, what the function wrote, and the files of jobs.

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::Value;

use crate::aws::{Aws, AwsCommand};
use crate::settings::S3Prefix;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    pub key: String,
    pub size: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    #[serde(skip)]
    pub objects: Vec<ListedObject>,
    pub number: usize,
    pub bytes: u64,
    /// All that were listed, with those that are left out.
    pub listed: usize,
    /// Left out: folder markers.
    pub folders: usize,
    /// Left out: what the function writes.
    pub written: usize,
    /// Left out: manifests and reports of jobs.
    pub job_files: usize,
}

/// The folder of jobs' files in a bucket, unless another one is named.
pub const JOBS_FOLDER: &str = "batch-jobs/";

/// Keys that are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusion {
    /// Patterns of the keys that the function writes, with `*` for any text.
    pub written: Vec<String>,
    /// The beginnings of the keys of jobs' files.
    pub job_files: Vec<String>,
}

/// All of them: the CLI reads page after page, and decodes the keys.
///
/// # Errors
/// S3 refuses it.
pub fn list(aws: &mut Aws, place: &S3Prefix) -> Result<Vec<ListedObject>> {
    let mut command = AwsCommand::new("s3api", "list-objects-v2").option("bucket", &place.bucket);
    if !place.prefix.is_empty() {
        command = command.option("prefix", &place.prefix);
    }
    let found = aws.run(&command.option("query", "Contents[].[Key, Size]"))?;
    let objects = found.as_array().into_iter().flatten();
    Ok(objects.filter_map(listed_object).collect())
}

fn listed_object(pair: &Value) -> Option<ListedObject> {
    Some(ListedObject {
        key: pair[0].as_str()?.to_owned(),
        size: pair[1].as_u64().unwrap_or_default(),
    })
}

impl Listing {
    /// At most `limit` of `all`.
    ///
    /// # Errors
    /// None is left.
    pub fn new(all: Vec<ListedObject>, place: &S3Prefix, exclusion: &Exclusion, limit: Option<usize>) -> Result<Self> {
        let mut listing = Self {
            listed: all.len(),
            ..Self::default()
        };
        let probe = format!("{}any", place.prefix);
        // A function that may write everything here says nothing about single keys.
        let written = exclusion.written.iter().filter(|pattern| !matches(pattern, &probe));
        let written: Vec<_> = written.collect();
        for object in all {
            let key = &object.key;
            let is_job_file = exclusion.job_files.iter().any(|folder| key.starts_with(folder));
            if key.ends_with('/') {
                listing.folders += 1;
            } else if is_job_file {
                listing.job_files += 1;
            } else if written.iter().any(|pattern| matches(pattern, key)) {
                listing.written += 1;
            } else {
                listing.objects.push(object);
            }
        }
        listing.objects.truncate(limit.unwrap_or(usize::MAX));
        listing.number = listing.objects.len();
        listing.bytes = listing.objects.iter().map(|object| object.size).sum();
        if listing.objects.is_empty() {
            match listing.listed {
                0 => bail!("there is no object below {place}; prefixes are case-sensitive and have no leading `/`"),
                number => bail!(
                    "there is no photo below {place}: of {number} objects, {} are folder markers, {} were written by \
                     the function, and {} are files of jobs",
                    listing.folders,
                    listing.written,
                    listing.job_files
                ),
            }
        }
        Ok(listing)
    }
}

/// Whether the pattern, in which `*` is any text, is that of the whole key.
pub fn matches(pattern: &str, key: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == key;
    };
    let Some(mut key) = key.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        // The first place leaves the most for the others.
        let Some(place) = key.find(part) else {
            return false;
        };
        key = &key[place + part.len()..];
    }
    key.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(keys: &[&str]) -> Vec<ListedObject> {
        let object = |key: &&str| ListedObject {
            key: (*key).to_owned(),
            size: 10,
        };
        keys.iter().map(object).collect()
    }

    fn listing(keys: &[&str], written: &[&str], limit: Option<usize>) -> Result<Listing> {
        let exclusion = Exclusion {
            written: written.iter().map(|pattern| (*pattern).to_owned()).collect(),
            job_files: vec!["batch-jobs/".to_owned()],
        };
        Listing::new(objects(keys), &"s3://photos/in/".parse()?, &exclusion, limit)
    }

    #[test]
    fn patterns_have_any_text_for_stars() {
        for (pattern, key, expected) in [
            ("in/*_rs.*", "in/a/b.jpg_rs.jpg", true),
            ("in/*_rs.*", "in/a_rs.jpg_rs.png", true),
            ("in/*_rs.*", "in/a_rs", false),
            ("in/*_rs.*", "other/a_rs.jpg", false),
            ("in/*", "in/", true),
            ("*a*a", "a", false),
            ("*a*a", "xaya", true),
            ("in/a", "in/a", true),
            ("in/a", "in/ab", false),
            ("é*é", "éxé", true),
        ] {
            assert_eq!(matches(pattern, key), expected, "{pattern} {key}");
        }
    }

    #[test]
    fn own_files_are_left_out() {
        let keys = [
            "in/",
            "in/a.jpg",
            "in/a.jpg_rs.jpg",
            "batch-jobs/x/manifest.csv",
            "in/b",
            "in/c",
        ];
        let found = listing(&keys, &["in/*_rs.*"], Some(2)).unwrap();
        let left: Vec<_> = found.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(left, ["in/a.jpg", "in/b"]);
        assert_eq!((found.bytes, found.listed), (20, 6));
        assert_eq!((found.folders, found.written, found.job_files), (1, 1, 1));
        // Such a pattern would leave out everything.
        assert_eq!(listing(&keys, &["in/*"], None).unwrap().number, 4);
    }

    #[test]
    fn empty_places_are_errors() {
        let error = |keys: &[&str]| listing(keys, &["in/*_rs.*"], None).unwrap_err().to_string();
        assert!(error(&[]).contains("no object below s3://photos/in/"));
        assert!(error(&["in/", "in/a_rs.jpg"]).contains("of 2 objects, 1 are folder markers, 1 were written"));
    }
}

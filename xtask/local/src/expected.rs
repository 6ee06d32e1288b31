//! Compares a function's answer with the expected part of it, both JSON.
//!
//! - An object has at least the expected keys, with values that match.
//! - An array has as many elements as expected. Arrays and objects in it match in any order, because detectors that use
//!   several threads find things in any order; other elements match in order.
//! - Everything else is equal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use serde_json::Value;
use support::files::file_name;

/// # Errors
/// They do not match; the error says where.
pub fn check(answer: &Value, expected: &Value) -> Result<()> {
    match difference(answer, expected, "") {
        None => Ok(()),
        Some(reason) => {
            bail!("the answer is not the expected one: {reason}\n  answer    {answer}\n  expected  {expected}")
        }
    }
}

/// # Errors
/// The answer is an error in Lambda's format, or an HTTP response with an error's status.
pub fn check_success(answer: &Value) -> Result<()> {
    if let (Some(kind), Some(message)) = (answer.get("errorType"), answer.get("errorMessage")) {
        bail!("the function failed: {kind}: {message}");
    }
    if let Some(status) = answer.get("statusCode").and_then(Value::as_u64) {
        ensure!(status < 400, "the answer's status is {status}: {answer}");
    }
    Ok(())
}

/// The first difference, with its JSON pointer.
fn difference(answer: &Value, expected: &Value, at: &str) -> Option<String> {
    let place = if at.is_empty() { "the whole" } else { at };
    match (answer, expected) {
        (Value::Object(answer), Value::Object(expected)) => expected.iter().find_map(|(key, expected)| {
            let at = format!("{at}/{key}");
            match answer.get(key) {
                None => Some(format!("{at} is missing")),
                Some(answer) => difference(answer, expected, &at),
            }
        }),
        (Value::Array(answer), Value::Array(expected)) => {
            if answer.len() != expected.len() {
                return Some(format!(
                    "{place} has {} elements instead of {}",
                    answer.len(),
                    expected.len()
                ));
            }
            if expected.iter().any(|element| element.is_array() || element.is_object()) {
                let unmatched = unmatched(answer, expected)?;
                return Some(format!("{place} has no element for {unmatched}"));
            }
            let mut pairs = answer.iter().zip(expected).enumerate();
            pairs.find_map(|(index, (answer, expected))| difference(answer, expected, &format!("{at}/{index}")))
        }
        _ if answer == expected => None,
        _ => Some(format!("{place} is {answer} instead of {expected}")),
    }
}

/// An expected element that is left over if as many as possible are assigned to different elements of the answer.
fn unmatched<'a>(answer: &[Value], expected: &'a [Value]) -> Option<&'a Value> {
    let mut assigned = vec![None; answer.len()];
    (0..expected.len())
        .find(|&index| !assign(index, answer, expected, &mut assigned, &mut vec![false; answer.len()]))
        .map(|index| &expected[index])
}

/// Assigns an expected element, moving others if necessary. `assigned` has the expected element of each element.
fn assign(
    index: usize,
    answer: &[Value],
    expected: &[Value],
    assigned: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for (candidate, element) in answer.iter().enumerate() {
        if seen[candidate] || difference(element, &expected[index], "").is_some() {
            continue;
        }
        seen[candidate] = true;
        if assigned[candidate].is_none_or(|other| assign(other, answer, expected, assigned, seen)) {
            assigned[candidate] = Some(index);
            return true;
        }
    }
    false
}

/// Expected parts of the answers to photos.
pub struct ExpectedPhotos {
    by_name: BTreeMap<String, Value>,
    /// The photos' folders: photos in other folders are not checked, even if their names match. If the list is empty, a
    /// photo that is not in `by_name` is an error.
    folders: Vec<PathBuf>,
    /// The JSON pointer to the part of an answer that is compared.
    pointer: String,
}

impl ExpectedPhotos {
    /// Reads a JSON object: the names of photos, each with the expected value of the answer at `pointer`.
    pub fn read(path: &Path, pointer: &str, folders: &[PathBuf]) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        let by_name = serde_json::from_str(&text);
        let by_name = by_name.with_context(|| {
            format!(
                "`{}` is not a JSON object with expected answers by the names of photos",
                path.display()
            )
        })?;
        let folders = folders.iter().map(std::path::absolute);
        Ok(Self {
            by_name,
            folders: folders.collect::<Result<_, _>>()?,
            pointer: pointer.to_owned(),
        })
    }

    /// # Errors
    /// The answer to a photo is not the expected one, or none is listed for a photo of the folders.
    pub fn check(&self, photo: &Path, answer: &Value) -> Result<()> {
        let absolute = std::path::absolute(photo)?;
        let in_folder = |folder: &PathBuf| absolute.parent() == Some(folder);
        if !self.folders.is_empty() && !self.folders.iter().any(in_folder) {
            return Ok(());
        }
        let name = file_name(photo);
        let expected = self.by_name.get(&name);
        let expected = expected.with_context(|| format!("no expected answer is listed for {name}"))?;
        let part = answer.pointer(&self.pointer);
        let part = part.with_context(|| format!("the answer has no {}: {answer}", self.pointer))?;
        check(part, expected).with_context(|| format!("unexpected answer to {name}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expected_parts_match_with_additional_keys_and_in_any_order() {
        for (answer, expected) in [
            (json!({"a": 1, "b": [1, 2]}), json!({"b": [1, 2]})),
            (
                json!([{"box": [1, 2]}, {"box": [3, 4]}]),
                json!([{"box": [3, 4]}, {"box": [1, 2]}]),
            ),
            // Taking the first match for the first element would leave none for the second.
            (json!([{"a": 1, "b": 2}, {"a": 1}]), json!([{"a": 1}, {"a": 1, "b": 2}])),
            (json!(null), json!(null)),
        ] {
            check(&answer, &expected).unwrap();
        }
    }

    #[test]
    fn differences_are_located() {
        for (answer, expected, place) in [
            (json!({"a": {}}), json!({"a": {"b": 1}}), "/a/b is missing"),
            (json!({"a": [1, 2]}), json!({"a": [2, 1]}), "/a/0 is 1 instead of 2"),
            (
                json!([[1, 2, 3, 4]]),
                json!([[4, 3, 2, 1]]),
                "the whole has no element for [4,3,2,1]",
            ),
            (json!({"a": [1]}), json!({"a": []}), "/a has 1 elements instead of 0"),
            (
                json!([{"a": 1}, {"a": 2}]),
                json!([{"a": 1}, {"a": 1}]),
                "no element for {\"a\":1}",
            ),
            (json!(1), json!("1"), "the whole is 1 instead of \"1\""),
        ] {
            let error = check(&answer, &expected).unwrap_err().to_string();
            assert!(error.contains(place), "{error}");
        }
    }

    #[test]
    fn errors_and_statuses_of_errors_are_failures() {
        check_success(&json!({"statusCode": 200})).unwrap();
        check_success(&json!("text")).unwrap();
        for (answer, expected) in [
            (
                json!({"errorType": "NotAnImage", "errorMessage": "no"}),
                "the function failed",
            ),
            (json!({"statusCode": 415}), "status is 415"),
        ] {
            let error = check_success(&answer).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn photos_are_checked_in_their_folders_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("expected.json");
        fs::write(&file, r#"{"a.jpg": {"faces": []}}"#).unwrap();
        let expected = ExpectedPhotos::read(&file, "/body", &["/p".into()]).unwrap();
        let answer = json!({"body": {"faces": [], "message": "none"}});
        expected.check(Path::new("/p/a.jpg"), &answer).unwrap();
        expected.check(Path::new("/q/a.jpg"), &json!({})).unwrap();
        let error =
            |photo: &str, answer: &Value| format!("{:#}", expected.check(Path::new(photo), answer).unwrap_err());
        assert!(error("/p/b.jpg", &answer).contains("no expected answer is listed for b.jpg"));
        assert!(error("/p/a.jpg", &json!({})).contains("has no /body"));
        assert!(error("/p/a.jpg", &json!({"body": {"faces": [1]}})).contains("unexpected answer to a.jpg"));
        fs::write(&file, "[]").unwrap();
        assert!(ExpectedPhotos::read(&file, "", &[]).is_err());
    }

    #[test]
    fn relative_paths_of_photos_and_folders_are_those_of_the_current_folder() {
        let here = std::env::current_dir().unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), r#"{"a.jpg": 1}"#).unwrap();
        for (folder, photo) in [
            (here.join("photos"), "photos/a.jpg"),
            (here.clone(), "./a.jpg"),
            (here.clone(), "a.jpg"),
            ("photos".into(), "photos/./a.jpg"),
        ] {
            let expected = ExpectedPhotos::read(file.path(), "", &[folder]).unwrap();
            expected.check(Path::new(photo), &json!(1)).unwrap();
            assert!(expected.check(Path::new(photo), &json!(2)).is_err(), "{photo}");
        }
    }
}

//! What failed, by the names of errors, from the function's log: the last error of each object that was not processed
//! after all.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::report::{ErrorGroup, most_frequent_first};
use crate::aws::Aws;
use crate::logs::event::fetch;
use crate::logs::line::{FailureLine, Line};

/// `objects` are URLs; `None` for any. `start` is in milliseconds since 1970.
pub fn errors_since(
    aws: &mut Aws,
    log_group: &str,
    start: i64,
    objects: Option<&BTreeSet<String>>,
) -> Result<Vec<ErrorGroup>> {
    let events = fetch(aws, log_group, start)?.unwrap_or_default();
    Ok(errors(events.iter().map(|event| Line::parse(&event.message)), objects))
}

fn errors(lines: impl Iterator<Item = Line>, objects: Option<&BTreeSet<String>>) -> Vec<ErrorGroup> {
    let mut last: BTreeMap<String, FailureLine> = BTreeMap::new();
    // Such as timeouts, by their requests.
    let mut without_object: BTreeMap<(String, String), FailureLine> = BTreeMap::new();
    let mut requests = BTreeSet::new();
    for line in lines {
        match line {
            Line::Photo(photo) => {
                last.remove(&photo.object);
            }
            Line::Skipped { object, .. } => {
                last.remove(&object);
            }
            Line::Failure(failure) => match (&failure.object, &failure.request_id) {
                (Some(object), request) => {
                    requests.extend(request.clone());
                    if objects.is_none_or(|objects| objects.contains(object)) {
                        last.insert(object.clone(), failure);
                    }
                }
                (None, request) => {
                    let key = (failure.name.clone(), request.clone().unwrap_or_default());
                    without_object.insert(key, failure);
                }
            },
            Line::Report(_) | Line::Other { .. } | Line::Redundant => {}
        }
    }
    // The harness reports the error of a photo once more if the event fails with it.
    let events = without_object
        .into_iter()
        .filter(|((_, request), _)| !requests.contains(request));
    grouped(last.into_values().chain(events.map(|(_, failure)| failure)))
}

/// The most frequent first.
fn grouped(failures: impl Iterator<Item = FailureLine>) -> Vec<ErrorGroup> {
    let mut groups: BTreeMap<String, ErrorGroup> = BTreeMap::new();
    for failure in failures {
        let FailureLine {
            name,
            object,
            error,
            text,
            ..
        } = failure;
        let group = groups.entry(name.clone()).or_insert_with(|| ErrorGroup {
            name,
            number: 0,
            object: object.unwrap_or_else(|| "an invocation".to_owned()),
            message: error.or(text).unwrap_or_default(),
        });
        group.number += 1;
    }
    most_frequent_first(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::line::tests::{FAILED, PHOTO, TIMED_OUT};

    fn names(lines: &[&str], objects: Option<&BTreeSet<String>>) -> Vec<(String, usize)> {
        let found = errors(lines.iter().map(|line| Line::parse(line)), objects);
        found.into_iter().map(|group| (group.name, group.number)).collect()
    }

    #[test]
    fn objects_count_once_and_only_if_they_failed_in_the_end() {
        let retried = FAILED.replace("b.jpg", "a.jpg");
        let event = FAILED.replace(r#""object":"s3://photos/in/b.jpg","#, "");
        let lines = [retried.as_str(), FAILED, FAILED, &event, PHOTO, TIMED_OUT, "other"];
        let expected = [("ObjectNotFound".to_owned(), 1), ("timeout".to_owned(), 1)];
        assert_eq!(names(&lines, None), expected);
        let others = BTreeSet::from(["s3://photos/in/c.jpg".to_owned()]);
        assert_eq!(names(&[FAILED], Some(&others)), []);
    }
}

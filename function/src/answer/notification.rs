//! The answer to notifications of S3. Nobody waits for it but an on-success destination; what
//! matters is whether the invocation fails, because Lambda then tries the event again and, if that
//! does not help, keeps it in the dead-letter queue or the on-failure destination. So it fails if
//! any photo did, and nothing is lost; the photos that went well are written again the same.

use serde::Serialize;

use super::outcome::{Found, Named, Outcome};
use crate::error::Result;

/// Faces that are left out of an answer that would be too large.
const MANY: usize = 1000;

#[derive(Debug, Serialize)]
pub struct Notification {
    photos: Vec<Photo>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Photo {
    bucket: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(flatten)]
    found: Option<Found>,
    #[serde(flatten)]
    short: Option<Short>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<&'static str>,
}

/// What was found, where there is no room for it.
#[derive(Debug, Serialize)]
struct Short {
    width: u32,
    height: u32,
    omitted: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sidecar: Option<String>,
}

/// The answer for photos of which none failed.
///
/// # Errors
/// The one that failed; of several, a temporary one first, which is why Lambda should try again.
pub fn notification(photos: Vec<Named>) -> Result<Notification> {
    let errors = photos
        .iter()
        .filter_map(|(_, result)| result.as_ref().err());
    if let Some(error) = errors.min_by_key(|error| !error.is_temporary()) {
        return Err(error.clone());
    }
    let photo = |(object, result): Named| {
        let (found, skipped) = match result {
            Ok(Outcome::Found(found)) => (Some(found), None),
            Ok(Outcome::Own) => (None, Some("it was written by this function")),
            Err(_) => (None, None),
        };
        Photo {
            bucket: object.bucket,
            key: object.key,
            version_id: object.version,
            found,
            short: None,
            skipped,
        }
    };
    Ok(Notification {
        photos: photos.into_iter().map(photo).collect(),
    })
}

/// Leaves out the faces of photos that have more than a thousand: nobody waits for them, and an error would have Lambda
/// do all photos again.
pub(super) fn shorten(answer: &mut Notification) {
    let many = |photo: &&mut Photo| photo.found.as_ref().is_some_and(|it| it.faces.len() > MANY);
    for photo in answer.photos.iter_mut().filter(many) {
        photo.short = photo.found.take().map(|found| Short {
            width: found.width,
            height: found.height,
            omitted: format!(
                "{} faces: the answer would be larger than Lambda takes",
                found.faces.len()
            ),
            annotated: found.annotated,
            sidecar: found.sidecar,
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Error;
    use crate::request::Object;

    fn named(key: &str, result: super::super::outcome::Result) -> Named {
        let object = Object {
            bucket: "b".to_owned(),
            key: key.to_owned(),
            version: None,
        };
        (object, result)
    }

    #[test]
    fn what_was_left_alone_is_said() {
        let answer = notification(vec![named("a_rs.jpg", Ok(Outcome::Own))]).unwrap();
        let expected = json!({"photos": [
            {"bucket": "b", "key": "a_rs.jpg", "skipped": "it was written by this function"},
        ]});
        assert_eq!(serde_json::to_value(answer).unwrap(), expected);
        let none = serde_json::to_value(notification(vec![]).unwrap()).unwrap();
        assert_eq!(none, json!({"photos": []}));
    }

    #[test]
    fn one_failure_fails_all_and_a_temporary_one_is_told_first() {
        let lost = || Err(Error::ObjectNotFound("s3://b/a.jpg".to_owned()));
        let late = || {
            Err(Error::OutOfTime {
                verb: "read",
                url: "s3://b/c.jpg".to_owned(),
            })
        };
        let fine = || Ok(Outcome::Own);
        let of = |results: Vec<super::super::outcome::Result>| {
            let photos = results.into_iter().map(|result| named("k", result));
            notification(photos.collect()).unwrap_err().name()
        };
        assert_eq!(of(vec![fine(), lost()]), "ObjectNotFound");
        assert_eq!(of(vec![lost(), late(), fine()]), "OutOfTime");
    }
}

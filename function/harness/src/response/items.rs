//! The response to items of a distributed map in Step Functions, which a state machine can inspect: for a batch, the
//! result of each item and their numbers, so that a state can choose by `failed`. A batch does not fail because of an
//! item, or the whole batch would run again. A single item that fails makes the invocation fail: the names of errors
//! are those for `Retry` and `Catch`.
//! Source: AWS Step Functions Developer Guide, "Handling errors in Step Functions workflows" and "Service quotas".

use std::slice;

use serde::Serialize;

use super::outcome::ObjectResult;
use super::photo_list::{Photo, shorten, shorten_each};
use crate::answer::Answer;
use crate::error::Result;

/// Step Functions' limit of 256 KiB for the output of a state, less what it adds to the response of a function.
pub(super) const MAX_OUTPUT_BYTES: usize = 256 * 1024 - 4096;

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ItemsResponse<A> {
    Batch {
        succeeded: usize,
        skipped: usize,
        failed: usize,
        /// In the order of the items. Fewer than the sum of these numbers, if all would be too large.
        photos: Vec<Photo<A>>,
    },
    Single(Box<Photo<A>>),
}

/// # Errors
/// The error of a single item.
pub fn items<A: Answer>(is_batch: bool, mut results: Vec<ObjectResult<A>>) -> Result<ItemsResponse<A>> {
    if !is_batch && let Some(result) = results.pop() {
        if let Err(error) = &result.1 {
            return Err(error.clone());
        }
        return Ok(ItemsResponse::Single(Box::new(result.into())));
    }
    let photos: Vec<_> = results.into_iter().map(Photo::from).collect();
    let skipped = photos.iter().filter(|photo| photo.skipped.is_some()).count();
    let failed = photos.iter().filter(|photo| photo.error.is_some()).count();
    Ok(ItemsResponse::Batch {
        succeeded: photos.len() - skipped - failed,
        skipped,
        failed,
        photos,
    })
}

impl<A: Answer> ItemsResponse<A> {
    pub(super) fn shorten(&mut self, max_bytes: usize) {
        match self {
            Self::Batch { photos, .. } => shorten(photos, max_bytes),
            Self::Single(photo) => shorten_each(slice::from_mut(photo), max_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::outcome::{Outcome, Pictures, ProcessedPhoto, SkipReason};
    use super::super::tests::{Things, processed_photo};
    use super::super::{Response, limit_size};
    use super::*;
    use crate::error::Error;
    use crate::request::Object;

    fn object(key: &str) -> Object {
        Object {
            bucket: "b".to_owned(),
            key: key.to_owned(),
            version_id: None,
        }
    }

    fn not_found() -> Error {
        Error::ObjectNotFound("s3://b/k".to_owned())
    }

    fn to_json(response: ItemsResponse<Things>) -> Value {
        serde_json::to_value(response).unwrap()
    }

    #[test]
    fn batch_has_the_result_of_each_item() {
        let unnamed = || Error::InvalidRequest("the item has no key".to_owned());
        let results = vec![
            (Ok(object("k")), Ok(Outcome::Processed(processed_photo(1)))),
            (Ok(object("a/")), Ok(Outcome::Skipped(SkipReason::Folder))),
            (Ok(object("absent")), Err(not_found())),
            (Err(unnamed()), Err(unnamed())),
        ];
        let response = to_json(items(true, results).unwrap());
        assert_eq!((&response["succeeded"], &response["skipped"]), (&json!(1), &json!(1)));
        assert_eq!(response["failed"], 2);
        let photos = &response["photos"];
        assert_eq!(photos[0]["things"][0]["box"], json!([1000, 2000, 300, 400]));
        assert_eq!(
            photos[1],
            json!({"bucket": "b", "key": "a/", "skipped": "it marks a folder"})
        );
        let message = "the object s3://b/k does not exist";
        let error = json!({"type": "ObjectNotFound", "message": message, "temporary": false});
        assert_eq!(photos[2], json!({"bucket": "b", "key": "absent", "error": error}));
        assert_eq!(photos[3]["error"]["type"], "InvalidRequest");
    }

    #[test]
    fn single_item_is_its_result_or_its_error() {
        let processed = Ok(Outcome::Processed(processed_photo(1)));
        let response = to_json(items(false, vec![(Ok(object("k")), processed)]).unwrap());
        assert_eq!((&response["key"], &response["width"]), (&json!("k"), &json!(100)));
        let error = items::<Things>(false, vec![(Ok(object("k")), Err(not_found()))]).unwrap_err();
        assert_eq!(error.name(), "ObjectNotFound");
        assert_eq!(to_json(items(true, vec![]).unwrap())["photos"], json!([]));
    }

    #[test]
    fn output_fits_into_a_state() {
        let many = (0..300).map(|number| {
            let things = if number == 0 { 1 } else { 20 };
            (
                Ok(object(&number.to_string())),
                Ok(Outcome::Processed(processed_photo(things))),
            )
        });
        let response = Response::Items(items(true, many.collect()).unwrap());
        let response = serde_json::to_value(limit_size(response, "").unwrap()).unwrap();
        assert!(response.to_string().len() <= MAX_OUTPUT_BYTES);
        assert!(response["photos"][0]["things"].is_array());
        assert!(response["photos"][1]["omitted"].is_string());
        assert_eq!(response["succeeded"], 300);

        let one = vec![(Ok(object("k")), Ok(Outcome::Processed(processed_photo(5000))))];
        let response = limit_size(Response::Items(items(false, one).unwrap()), "").unwrap();
        assert!(serde_json::to_string(&response).unwrap().contains("omitted"));
    }

    /// The response to a batch with keys of 300 bytes: `succeeded` photos without things, then `failed` ones.
    fn shortened(succeeded: usize, failed: usize) -> Value {
        let key = |number: usize| format!("{number:0300}");
        let result = |number: usize| {
            let url = format!("s3://b/{}", key(number));
            let processed = ProcessedPhoto {
                pictures: Pictures(vec![("annotated".into(), Ok(url.clone()))]),
                sidecar: Some(url.clone()),
                ..processed_photo(0)
            };
            let result = match number < succeeded {
                true => Ok(Outcome::Processed(processed)),
                false => Err(Error::ObjectNotFound(url)),
            };
            (Ok(object(&key(number))), result)
        };
        let response = items(true, (0..succeeded + failed).map(result).collect()).unwrap();
        let response = serde_json::to_value(limit_size(Response::Items(response), "").unwrap()).unwrap();
        assert!(response.to_string().len() <= MAX_OUTPUT_BYTES);
        assert_eq!(response["succeeded"], succeeded);
        assert_eq!(response["failed"], failed);
        response
    }

    #[test]
    fn batch_succeeds_however_long_its_list_is() {
        let listed = |response: &Value| response["photos"].as_array().unwrap().len();
        let failures = |response: &Value| {
            let photos = response["photos"].as_array().unwrap().iter();
            photos
                .filter(|photo| photo["error"]["type"] == "ObjectNotFound")
                .count()
        };
        let all = shortened(200, 1);
        assert_eq!((listed(&all), all["photos"][0]["annotated"].is_string()), (201, true));
        let without_urls = shortened(500, 1);
        assert_eq!(listed(&without_urls), 501);
        assert_eq!(without_urls["photos"][0].get("annotated"), None);
        assert_eq!(without_urls["photos"][0]["width"], 100);
        assert!(without_urls["photos"][500]["error"]["message"].as_str().unwrap().len() > 300);
        let with_short_messages = shortened(0, 500);
        assert_eq!(failures(&with_short_messages), 500);
        let without_some_successes = shortened(1000, 300);
        assert_eq!(failures(&without_some_successes), 300);
        assert!((301..1300).contains(&listed(&without_some_successes)));
        let without_some_failures = shortened(10, 1700);
        assert!((500..1700).contains(&failures(&without_some_failures)));
        assert_eq!(listed(&without_some_failures), failures(&without_some_failures));
    }
}

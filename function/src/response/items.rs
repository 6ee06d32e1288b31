//! The response to items of a distributed map in Step Functions, which a state machine can inspect: for a batch, the
//! result of each item and their numbers, so that a state can choose by `failed`. A batch does not fail because of an
//! item, or the whole batch would run again. A single item that fails makes the invocation fail: the names of errors
//! are those for `Retry` and `Catch`.
//! Source: AWS Step Functions Developer Guide, "Handling errors in Step Functions workflows" and "Service quotas".

use serde::Serialize;

use super::outcome::ObjectResult;
use super::photo_list::{Photo, omit_faces};
use super::serialized_size::json_size;
use crate::error::Result;

/// Step Functions' limit of 256 KiB for the output of a state, less what it adds to the response of a function.
pub(super) const MAX_OUTPUT_BYTES: usize = 256 * 1024 - 4096;

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ItemsResponse {
    Batch {
        succeeded: usize,
        skipped: usize,
        failed: usize,
        /// In the order of the items.
        photos: Vec<Photo>,
    },
    Single(Box<Photo>),
}

/// # Errors
/// The error of a single item.
pub fn items(is_batch: bool, mut results: Vec<ObjectResult>) -> Result<ItemsResponse> {
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

/// Omits the faces of those photos that have the most, until the response is small enough.
pub(super) fn shorten(response: &mut ItemsResponse, max_bytes: usize) {
    let photos = match response {
        ItemsResponse::Batch { photos, .. } => photos.as_mut_slice(),
        ItemsResponse::Single(photo) => std::slice::from_mut(photo.as_mut()),
    };
    for max_faces in [100, 10, 1, 0] {
        omit_faces(photos, max_faces);
        if json_size(&photos) <= max_bytes {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::outcome::{Outcome, SkipReason};
    use super::super::size_limit::tests::processed_photo;
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

    fn to_json(response: ItemsResponse) -> Value {
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
        assert_eq!(photos[0]["faces"][0]["box"], json!([1000, 2000, 300, 400]));
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
        let error = items(false, vec![(Ok(object("k")), Err(not_found()))]).unwrap_err();
        assert_eq!(error.name(), "ObjectNotFound");
        assert_eq!(to_json(items(true, vec![]).unwrap())["photos"], json!([]));
    }

    #[test]
    fn output_fits_into_a_state() {
        let many = (0..300).map(|number| {
            let faces = if number == 0 { 1 } else { 20 };
            (
                Ok(object(&number.to_string())),
                Ok(Outcome::Processed(processed_photo(faces))),
            )
        });
        let response = Response::Items(items(true, many.collect()).unwrap());
        let response = serde_json::to_value(limit_size(response).unwrap()).unwrap();
        assert!(response.to_string().len() <= MAX_OUTPUT_BYTES);
        assert!(response["photos"][0]["faces"].is_array());
        assert!(response["photos"][1]["omitted"].is_string());
        assert_eq!(response["succeeded"], 300);

        let one = vec![(Ok(object("k")), Ok(Outcome::Processed(processed_photo(5000))))];
        let response = limit_size(Response::Items(items(false, one).unwrap())).unwrap();
        assert!(serde_json::to_string(&response).unwrap().contains("omitted"));

        let long = (0..2000).map(|_| (Ok(object(&"k".repeat(1024))), Err(not_found())));
        let error = limit_size(Response::Items(items(true, long.collect()).unwrap())).unwrap_err();
        assert!(error.to_string().contains("MaxItemsPerBatch"), "{error}");
    }
}

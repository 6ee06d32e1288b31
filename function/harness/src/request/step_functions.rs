//! Items of a distributed map in Step Functions: objects that the map lists in a bucket, or rows of a file, one at a
//! time or in batches with `BatchInput`. An item of a listing has no bucket.
//! Source: AWS Step Functions Developer Guide, "Map state input and output fields": `ItemReader` and `ItemBatcher`.

use serde_json::Value;

use super::common::{PhotoRequest, PhotoRequests, text};
use super::{event_options, named};
use crate::error::{Error, Result};
use crate::options::RawOptions;

#[derive(Debug)]
pub struct ItemsRequest {
    /// Whether the items came in a list, so that one can fail without the others.
    pub is_batch: bool,
    pub items: PhotoRequests,
    /// Those of the batch, for items without options of their own.
    pub options: Result<RawOptions>,
}

/// `None` for other events.
pub(super) fn parse(event: &Value, environment: &dyn Fn(&str) -> Option<String>) -> Option<ItemsRequest> {
    let input = event.get("BatchInput").unwrap_or(&Value::Null);
    let of_environment = environment("BUCKET_NAME").filter(|name| !name.is_empty());
    // It can be long, and there can be many items, so it is not copied before it is checked.
    let bucket_of_all = [input, event]
        .into_iter()
        .find_map(bucket)
        .or(of_environment.as_deref());
    let photo = |item: &Value| {
        let key = item.as_str().filter(|key| !key.is_empty());
        let key = key.or_else(|| named::key(item));
        let key = key.ok_or_else(|| Error::InvalidRequest("the item has no text in `Key`".to_owned()))?;
        let bucket = bucket(item).or(bucket_of_all).ok_or_else(|| {
            let reason = "the item names no bucket; add `bucket` to the map's `BatchInput` or to each item, or set \
                          BUCKET_NAME in the function's environment";
            Error::InvalidRequest(reason.to_owned())
        })?;
        named::photo_in(bucket, item, key)
    };
    let (is_batch, items) = match event.get("Items") {
        Some(Value::Array(items)) => (true, items.iter().map(photo).collect()),
        // Only listings and inventories capitalize the field, and MinIO, which adds it to its notifications.
        _ if text(event, "/Key").is_some() && event.get("Records").is_none() => (false, vec![photo(event)]),
        _ => return None,
    };
    let options = input.get("options").or_else(|| event.get("options"));
    Some(ItemsRequest {
        is_batch,
        items,
        options: event_options::parse(options),
    })
}

/// The photos of items inside another event, without folders and delete markers.
pub(super) fn photos(event: &Value, environment: &dyn Fn(&str) -> Option<String>) -> Option<PhotoRequests> {
    let ItemsRequest { items, options, .. } = parse(event, environment)?;
    let options = match options {
        Ok(options) => Some(options).filter(|options| !options.is_empty()),
        Err(error) => return Some(vec![Err(error)]),
    };
    let mut photos = items;
    photos.retain(|photo| photo.as_ref().map_or(true, PhotoRequest::has_content));
    for photo in photos.iter_mut().flatten().filter(|photo| photo.options.is_none()) {
        photo.options.clone_from(&options);
    }
    Some(photos)
}

fn bucket(value: &Value) -> Option<&str> {
    named::bucket(value).or_else(|| text(value, "/BUCKET_NAME"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The items as `BUCKET/KEY`, or the texts of their errors.
    fn items(event: &Value) -> Vec<String> {
        let environment = |name: &str| (name == "BUCKET_NAME").then(|| "environment".to_owned());
        let found = parse(event, &environment).unwrap_or_else(|| panic!("{event}"));
        assert_eq!(found.is_batch, event.get("Items").is_some());
        let item = |item: &Result<PhotoRequest>| match item {
            Ok(PhotoRequest { object, .. }) => format!("{}/{}", object.bucket, object.key),
            Err(error) => error.to_string(),
        };
        found.items.iter().map(item).collect()
    }

    #[test]
    fn bucket_comes_from_the_item_or_the_batch_or_the_environment() {
        let listed = |key: &str| json!({"Etag": "\"e\"", "Key": key, "LastModified": 1_767_225_600, "Size": 3});
        for (event, expected) in [
            (
                json!({"Items": [listed("a+b.jpg")], "BatchInput": {"bucket": "input"}}),
                "input/a+b.jpg",
            ),
            (
                json!({"Items": [listed("k")], "BatchInput": {"Bucket": "input"}}),
                "input/k",
            ),
            (
                json!({"Items": [listed("k")], "BatchInput": {"bucket": {"name": "input"}}}),
                "input/k",
            ),
            (json!({"Items": [listed("k")], "bucket": "event"}), "event/k"),
            (
                json!({"Items": [{"Key": "k", "Bucket": "item"}], "BatchInput": {"bucket": "input"}}),
                "item/k",
            ),
            (json!({"Items": [{"bucket": "item", "key": "k"}]}), "item/k"),
            (
                json!({"Items": ["k"], "BatchInput": {"BUCKET_NAME": "input"}}),
                "input/k",
            ),
            (json!({"Items": [listed("k")]}), "environment/k"),
            (listed("k"), "environment/k"),
            (json!({"Key": "k", "bucket": "item"}), "item/k"),
        ] {
            assert_eq!(items(&event), [expected], "{event}");
        }
    }

    #[test]
    fn item_without_a_key_or_a_bucket_fails_alone() {
        let event = json!({"Items": [{"Size": 1}, {"Key": "k"}, 7, ""], "BatchInput": {"bucket": "b"}});
        let expected = ["the item has no text in `Key`", "b/k"];
        assert_eq!(items(&event), [expected[0], expected[1], expected[0], expected[0]]);
        let found = parse(&json!({"Items": [{"Key": "k"}]}), &|_| None).unwrap();
        let error = found.items[0].as_ref().unwrap_err().to_string();
        assert!(error.contains("`BatchInput`"), "{error}");
    }

    #[test]
    fn options_are_in_the_batch_input_or_the_item() {
        let options = json!({"preset": "fast"});
        for event in [
            json!({"Items": [], "BatchInput": {"options": options}}),
            json!({"Key": "k", "options": options}),
        ] {
            let found = parse(&event, &|_| None).unwrap().options.unwrap();
            assert_eq!(found, [("preset".to_owned(), "fast".to_owned())], "{event}");
        }
        let found = parse(&json!({"Items": [], "BatchInput": {"options": 1}}), &|_| None).unwrap();
        assert_eq!(found.options.unwrap_err().name(), "InvalidOption");
    }

    #[test]
    fn items_in_another_event_keep_their_options() {
        let event = json!({
            "Items": [
                {"Key": "a"}, {"Key": "b", "options": {"preset": "fast"}}, {"Key": "folder/"},
                {"Key": "c", "IsDeleteMarker": true},
            ],
            "BatchInput": {"bucket": "b", "options": {"preset": "accurate"}},
        });
        let photos = photos(&event, &|_| None).unwrap();
        let presets: Vec<_> = photos
            .into_iter()
            .map(|photo| photo.unwrap().options.unwrap())
            .collect();
        let option = |value: &str| vec![("preset".to_owned(), value.to_owned())];
        assert_eq!(presets, [option("accurate"), option("fast")]);
    }

    #[test]
    fn other_events_have_no_items() {
        for event in [
            json!(null),
            json!({"Items": 1}),
            json!({"key": "k"}),
            json!({"Key": 1}),
            json!({"EventName": "s3:ObjectCreated:Put", "Key": "b/k", "Records": []}),
        ] {
            assert!(parse(&event, &|_| None).is_none(), "{event}");
        }
    }
}

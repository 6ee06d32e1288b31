//! The names of the fields of a response, which contains those of an answer as well.

use serde_json::Value;

use crate::answer::Answer;
use crate::processor::Processed;

/// What responses and sidecars have beside the fields of an answer and of pictures.
const RESERVED: [&str; 13] = [
    "bucket",
    "error",
    "key",
    "message",
    "moved",
    "omitted",
    "options",
    "photo",
    "sidecar",
    "skipped",
    "versionId",
    "width",
    "height",
];

/// # Errors
/// Why the answer cannot be part of a response: it would not be an object, or have two fields of the same name.
pub fn check_fields<A: Answer>(processed: &Processed<A>) -> Result<(), String> {
    let answer = match serde_json::to_value(&processed.answer) {
        Ok(Value::Object(answer)) => answer,
        Ok(_) => return Err("it is not a JSON object; derive `Serialize` for a struct with named fields".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    if let Some(name) = answer.keys().find(|name| RESERVED.contains(&name.as_str())) {
        return Err(format!("its field `{name}` is also one of the response; rename it"));
    }
    for picture in &processed.pictures {
        let name = picture.name.as_ref();
        let names = [name.to_owned(), format!("{name}_error")];
        let used = names
            .iter()
            .find(|name| RESERVED.contains(&name.as_str()) || answer.contains_key(*name));
        if let Some(used) = used {
            return Err(format!(
                "its picture `{name}` would be the field `{used}`, which exists; rename it"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use serde_json::json;

    use super::super::photo_list::Photo;
    use super::super::tests::processed_photo;
    use super::super::{Outcome, Pictures, ProcessedPhoto, SkipReason};
    use super::*;
    use crate::error::Error;
    use crate::picture::{PictureFile, PictureFormat};
    use crate::processor::StepTimes;
    use crate::request::Object;

    impl Answer for Value {}
    impl Answer for BTreeMap<(), ()> {}

    fn processed<A>(answer: A) -> Processed<A> {
        let picture = PictureFile {
            name: "small".into(),
            format: PictureFormat::JPEG,
            content: Ok(Bytes::new()),
        };
        Processed {
            width: 1,
            height: 1,
            answer,
            pictures: vec![picture],
            times: StepTimes::default(),
        }
    }

    #[test]
    fn fields_of_responses_are_reserved() {
        let photo = ProcessedPhoto {
            pictures: Pictures::default(),
            sidecar: Some(String::new()),
            moved: Some(String::new()),
            ..processed_photo(0)
        };
        let object = Object {
            bucket: String::new(),
            key: String::new(),
            version_id: Some(String::new()),
        };
        let outcomes = [
            Ok(Outcome::Processed(photo)),
            Ok(Outcome::Skipped(SkipReason::Moved)),
            Err(Error::InternalError),
        ];
        for outcome in outcomes {
            let photo = json!(Photo::from((Ok(object.clone()), outcome)));
            let names = photo.as_object().unwrap().keys();
            let other = names.filter(|name| !RESERVED.contains(&name.as_str()));
            assert!(other.eq(photo.get("things").map(|_| "things").iter()), "{photo}");
        }
    }

    #[test]
    fn answer_is_an_object_with_fields_of_its_own() {
        for (answer, expected) in [
            (json!({}), None),
            (json!({"sharpness": 1, "size": {"width": 1}}), None),
            (json!([1]), Some("not a JSON object")),
            (json!(null), Some("not a JSON object")),
            (json!({"width": 1.5}), Some("`width`")),
            (json!({"error": null}), Some("`error`")),
            (json!({"small": 1}), Some("`small`")),
            (json!({"small_error": 1}), Some("`small_error`")),
        ] {
            let found = check_fields(&processed(answer.clone())).err();
            let is_as_expected = match (&found, expected) {
                (Some(found), Some(expected)) => found.contains(expected),
                (found, expected) => found.is_none() && expected.is_none(),
            };
            assert!(is_as_expected, "{answer}: {found:?}");
        }
        let without_text_keys = BTreeMap::from([((), ())]);
        assert!(check_fields(&processed(without_text_keys)).unwrap_err().contains("key"));
    }
}

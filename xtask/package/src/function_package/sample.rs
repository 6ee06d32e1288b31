//! Sample requests of a function with their expected answers, and how a photo becomes an event. Reads the events.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::metadata::{PhotoMetadata, SampleMetadata, split_object};

/// What is replaced by the name of a photo's file.
const PHOTO: &str = "{photo}";

/// A request, and what the function must answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    pub request: SampleRequest,
    /// What S3 contains before the request.
    pub objects: Vec<StoredObject>,
    /// A part of the answer.
    pub expected: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SampleRequest {
    /// An event in a file.
    Event { file: PathBuf, event: Value },
    /// A file that is posted to the function's URL.
    Http(PathBuf),
    /// A photo, for the package's [`PhotoEvent`].
    Photo(PathBuf),
}

/// A file as an object in S3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    pub bucket: String,
    pub key: String,
    pub file: PathBuf,
}

/// How a photo becomes an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoEvent {
    event: Value,
    object: Option<(String, String)>,
    result: Option<(String, String)>,
    /// A JSON object with expected parts of answers, by the names of photos.
    pub expected: Option<PathBuf>,
    /// The JSON pointer to the part of an answer that is compared.
    pub expected_at: String,
}

impl Sample {
    pub(super) fn new(folder: &Path, sample: SampleMetadata, photo_event: Option<&PhotoEvent>) -> Result<Self> {
        let file = |name: &str| existing_file(folder, name);
        let request = match (sample.event, sample.http, sample.photo) {
            (Some(event), ..) => {
                let file = file(&event)?;
                let event = read_json(&file)?;
                SampleRequest::Event { file, event }
            }
            (_, Some(body), _) => SampleRequest::Http(file(&body)?),
            (.., photo) => SampleRequest::Photo(file(&photo.unwrap_or_default())?),
        };
        let mut objects = Vec::new();
        for (object, content) in &sample.objects {
            let (bucket, key) = split_object(object)?;
            objects.push(StoredObject {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                file: file(content)?,
            });
        }
        if let (SampleRequest::Photo(photo), Some(event)) = (&request, photo_event) {
            objects.extend(event.object(photo)?);
        }
        let expected = sample.expected.map(|name| read_json(&file(&name)?));
        Ok(Self {
            request,
            objects,
            expected: expected.transpose()?,
        })
    }

    pub fn photo(&self) -> Option<&Path> {
        match &self.request {
            SampleRequest::Photo(photo) => Some(photo),
            _ => None,
        }
    }
}

impl PhotoEvent {
    pub(super) fn new(folder: &Path, photo: PhotoMetadata) -> Result<Self> {
        let object = |object: Option<String>| -> Result<Option<(String, String)>> {
            let Some(object) = object else { return Ok(None) };
            let (bucket, key) = split_object(&object)?;
            Ok(Some((bucket.to_owned(), key.to_owned())))
        };
        let expected = photo.expected.map(|name| existing_file(folder, &name));
        Ok(Self {
            event: serde_json::to_value(photo.event).context("`photo.event` is not JSON")?,
            object: object(photo.object)?,
            result: object(photo.result)?,
            expected: expected.transpose()?,
            expected_at: photo.expected_at,
        })
    }

    /// # Errors
    /// The name of the photo is not UTF-8.
    pub fn event(&self, photo: &Path) -> Result<Value> {
        let mut event = self.event.clone();
        replace_in_strings(&mut event, name(photo)?);
        Ok(event)
    }

    /// The object in S3 that the event names, with the photo.
    ///
    /// # Errors
    /// The name of the photo is not UTF-8.
    pub fn object(&self, photo: &Path) -> Result<Option<StoredObject>> {
        let named = with_name(self.object.as_ref(), photo)?;
        let file = photo.to_owned();
        Ok(named.map(|(bucket, key)| StoredObject { bucket, key, file }))
    }

    /// The bucket of the object that the event names.
    pub fn bucket(&self) -> Option<&str> {
        self.object.as_ref().map(|(bucket, _)| bucket.as_str())
    }

    /// The event for a photo that is in S3. In its strings, the object that this names is replaced by `key` in
    /// `bucket`: the whole object, the key, and, in strings that are nothing else, the bucket.
    ///
    /// # Errors
    /// The package does not say where photos are in S3.
    pub fn event_of_object(&self, bucket: &str, key: &str) -> Result<Value> {
        let object = self.object.as_ref();
        let (own_bucket, own_key) = object.context(
            "`[package.metadata.lambda.photo]` has no `object`, so that the event cannot name a photo in S3; add it, \
             or use an event",
        )?;
        let mut event = self.event.clone();
        replace_strings(&mut event, &|text| {
            if text == own_bucket {
                return bucket.to_owned();
            }
            let whole = text.replace(&format!("{own_bucket}/{own_key}"), &format!("{bucket}/{key}"));
            match whole == text {
                true => text.replace(own_key, key).replace(PHOTO, base_name(key)),
                false => whole,
            }
        });
        Ok(event)
    }

    /// Bucket and key of the object that the function writes for a photo in S3, as far as this says it.
    pub fn result_of_object(&self, bucket: &str, key: &str) -> Option<(String, String)> {
        let (own_bucket, own_key) = self.object.as_ref()?;
        let (result_bucket, result_key) = self.result.as_ref()?;
        let written = match result_key.contains(own_key) {
            true => result_key.replace(own_key, key),
            false => result_key.replace(PHOTO, base_name(key)),
        };
        let in_own_bucket = result_bucket == own_bucket;
        let result_bucket = if in_own_bucket { bucket } else { result_bucket };
        Some((result_bucket.to_owned(), written))
    }

    /// Bucket and key of the object that the function writes for the photo.
    ///
    /// # Errors
    /// The name of the photo is not UTF-8.
    pub fn result(&self, photo: &Path) -> Result<Option<(String, String)>> {
        with_name(self.result.as_ref(), photo)
    }
}

fn with_name(object: Option<&(String, String)>, photo: &Path) -> Result<Option<(String, String)>> {
    let name = name(photo)?;
    Ok(object.map(|(bucket, key)| (bucket.clone(), key.replace(PHOTO, name))))
}

fn name(photo: &Path) -> Result<&str> {
    let name = photo.file_name().and_then(|name| name.to_str());
    name.with_context(|| format!("the name of `{}` is not UTF-8; rename it", photo.display()))
}

fn replace_in_strings(value: &mut Value, name: &str) {
    replace_strings(value, &|text| text.replace(PHOTO, name));
}

fn replace_strings(value: &mut Value, replace: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = replace(text),
        Value::Array(values) => values.iter_mut().for_each(|value| replace_strings(value, replace)),
        Value::Object(values) => values.values_mut().for_each(|value| replace_strings(value, replace)),
        _ => {}
    }
}

/// The last part of a key.
fn base_name(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

pub(super) fn existing_file(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    ensure!(path.is_file(), "there is no file `{}`", path.display());
    Ok(path)
}

fn read_json(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file)?;
    serde_json::from_str(&text).with_context(|| format!("`{}` is not JSON", file.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_name_of_a_photo_is_replaced_everywhere() {
        let table = "event = { BUCKET = 'in', records = [{ key = 'a/{photo}' }], number = 1 }\n\
                     object = 'in/a/{photo}'\nresult = 'out/{photo}_small.jpg'\n";
        let event = PhotoEvent::new(Path::new("/p"), toml::from_str(table).unwrap()).unwrap();
        let photo = Path::new("/photos/x y.jpg");
        assert_eq!(
            event.event(photo).unwrap(),
            json!({"BUCKET": "in", "records": [{"key": "a/x y.jpg"}], "number": 1})
        );
        let object = event.object(photo).unwrap().unwrap();
        assert_eq!((object.bucket.as_str(), object.key.as_str()), ("in", "a/x y.jpg"));
        let result = event.result(photo).unwrap().unwrap();
        assert_eq!(result, ("out".to_owned(), "x y.jpg_small.jpg".to_owned()));
    }

    #[test]
    fn a_photo_in_s3_replaces_the_object_of_the_event() {
        let photo_event = |table: &str| PhotoEvent::new(Path::new("/p"), toml::from_str(table).unwrap()).unwrap();
        let own = photo_event(
            "event = { BUCKET_NAME = 'photos', S3_KEY = '{photo}' }\nobject = 'photos/{photo}'\n\
             result = 'photos/{photo}_rs.jpg'\n",
        );
        assert_eq!(own.bucket(), Some("photos"));
        assert_eq!(
            own.event_of_object("mine", "in/a b.jpg").unwrap(),
            json!({"BUCKET_NAME": "mine", "S3_KEY": "in/a b.jpg"})
        );
        let result = own.result_of_object("mine", "in/a.jpg").unwrap();
        assert_eq!(result, ("mine".to_owned(), "in/a.jpg_rs.jpg".to_owned()));

        let other = photo_event(
            "event = { url = 's3://in/a/{photo}', title = '{photo}' }\nobject = 'in/a/{photo}'\n\
             result = 'out/{photo}.json'\n",
        );
        assert_eq!(
            other.event_of_object("mine", "b/c.jpg").unwrap(),
            json!({"url": "s3://mine/b/c.jpg", "title": "c.jpg"})
        );
        let result = other.result_of_object("mine", "b/c.jpg").unwrap();
        assert_eq!(result, ("out".to_owned(), "c.jpg.json".to_owned()));

        let without_object = photo_event("event = { photo = '{photo}' }\n");
        let error = without_object.event_of_object("mine", "a").unwrap_err().to_string();
        assert!(error.contains("has no `object`"), "{error}");
    }

    #[test]
    fn missing_and_malformed_files_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bad.json"), "{").unwrap();
        let error = |table: &str| {
            let sample = Sample::new(folder.path(), toml::from_str(table).unwrap(), None);
            format!("{:#}", sample.unwrap_err())
        };
        assert!(error("event = 'none.json'").starts_with("there is no file `"));
        assert!(error("event = 'bad.json'").contains("bad.json` is not JSON"));
        assert!(error("http = 'bad.json'\nexpected = 'none.json'").contains("none.json`"));
        assert!(error("http = 'bad.json'\nobjects = { 'a/b' = 'none.jpg' }").contains("none.jpg`"));
    }
}

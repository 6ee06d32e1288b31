//! A request to a function under test: an event, a photo as an event, or a file that is posted to its URL.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use package::function_package::{FunctionPackage, Sample, SampleRequest, StoredObject};
use serde_json::Value;

use crate::emulator::agent;
use crate::expected;
use crate::gateway::Gateway;
use crate::local_lambda::LocalLambda;
use crate::s3::S3Server;

/// Content types by the extensions of files.
const CONTENT_TYPES: [(&str, &str); 8] = [
    ("gif", "image/gif"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("png", "image/png"),
    ("txt", "text/plain"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
];

#[derive(Clone, Debug)]
pub struct FunctionRequest {
    pub kind: RequestKind,
    /// What S3 contains before the request.
    pub objects: Vec<StoredObject>,
    /// An expected part of the answer.
    pub expected: Option<Value>,
}

#[derive(Clone, Debug)]
pub enum RequestKind {
    Event {
        file: PathBuf,
        event: Value,
    },
    Photo {
        photo: PathBuf,
        event: Value,
        /// Bucket and key of the object that the function writes.
        result: Option<(String, String)>,
    },
    Http(PathBuf),
}

/// A function's answer. That to a request by HTTP is the body: JSON, or a string if it is not JSON.
pub struct Answer {
    pub value: Value,
    pub http: Option<HttpAnswer>,
}

pub struct HttpAnswer {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

impl FunctionRequest {
    /// # Errors
    /// The file does not exist, or is not JSON.
    pub fn event(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).context("failed to read an event")?;
        let event = serde_json::from_str(&text);
        let event = event.with_context(|| format!("the event `{}` is not JSON", file.display()))?;
        Ok(Self::new(RequestKind::Event {
            file: file.to_owned(),
            event,
        }))
    }

    /// # Errors
    /// The file does not exist.
    pub fn http(file: &Path) -> Result<Self> {
        ensure_file(file)?;
        Ok(Self::new(RequestKind::Http(file.to_owned())))
    }

    /// # Errors
    /// The file does not exist, or the package does not say how a photo becomes an event.
    pub fn photo(package: &FunctionPackage, photo: &Path) -> Result<Self> {
        ensure_file(photo)?;
        let rule = package.photo.as_ref();
        let rule = rule.with_context(|| {
            format!(
                "`[package.metadata.lambda]` of `{}` does not say how a photo becomes an event; add `photo.event`, or \
                 use `--http` or `--event`",
                package.manifest.display()
            )
        })?;
        let kind = RequestKind::Photo {
            photo: photo.to_owned(),
            event: rule.event(photo)?,
            result: rule.result(photo)?,
        };
        Ok(Self {
            objects: rule.object(photo)?.into_iter().collect(),
            ..Self::new(kind)
        })
    }

    /// # Errors
    /// As [`Self::photo`].
    pub fn sample(package: &FunctionPackage, sample: &Sample) -> Result<Self> {
        let kind = match &sample.request {
            SampleRequest::Event { file, event } => RequestKind::Event {
                file: file.clone(),
                event: event.clone(),
            },
            SampleRequest::Http(file) => RequestKind::Http(file.clone()),
            SampleRequest::Photo(photo) => Self::photo(package, photo)?.kind,
        };
        Ok(Self {
            kind,
            objects: sample.objects.clone(),
            expected: sample.expected.clone(),
        })
    }

    fn new(kind: RequestKind) -> Self {
        Self {
            kind,
            objects: Vec::new(),
            expected: None,
        }
    }

    /// The file that the request was made from.
    pub fn file(&self) -> &Path {
        match &self.kind {
            RequestKind::Event { file, .. } | RequestKind::Http(file) => file,
            RequestKind::Photo { photo, .. } => photo,
        }
    }

    /// # Errors
    /// The answer is an error, or not what the request expects.
    pub fn check(&self, answer: &Answer) -> Result<()> {
        if answer.http.is_none() {
            expected::check_success(&answer.value)?;
        }
        match &self.expected {
            Some(expected) => expected::check(&answer.value, expected),
            None => Ok(()),
        }
    }

    /// Puts the request's objects and `others` into S3, and sends the request; `gateway` is the function's URL. The
    /// time is that from sending to the answer.
    pub fn send(&self, lambda: &LocalLambda, gateway: &Gateway, others: &[StoredObject]) -> Result<(Answer, Duration)> {
        self.send_with(&lambda.storage, others, || match &self.kind {
            RequestKind::Event { event, .. } | RequestKind::Photo { event, .. } => Ok(Answer {
                value: lambda.invoke(event)?,
                http: None,
            }),
            RequestKind::Http(file) => post(&gateway.url(), file),
        })
    }

    fn send_with(
        &self,
        storage: &S3Server,
        others: &[StoredObject],
        send: impl FnOnce() -> Result<Answer>,
    ) -> Result<(Answer, Duration)> {
        // A function may have moved or deleted what was put for a previous request.
        storage.put_objects(self.objects.iter().chain(others))?;
        let start = Instant::now();
        let answer = send()?;
        Ok((answer, start.elapsed()))
    }
}

/// # Errors
/// The function or the gateway failed, or the status is an error.
fn post(url: &str, file: &Path) -> Result<Answer> {
    let failed = || format!("failed to post `{}`", file.display());
    let request = agent().post(url).content_type(content_type(file));
    let mut response = request.send(fs::read(file)?).with_context(failed)?;
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type");
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let body = response
        .body_mut()
        .with_config()
        .limit(u64::MAX)
        .read_to_vec()
        .with_context(failed)?;
    let text = String::from_utf8_lossy(&body);
    ensure!(status < 400, "{}: the answer's status is {status}: {text}", failed());
    Ok(Answer {
        value: serde_json::from_slice(&body).unwrap_or_else(|_| text.into_owned().into()),
        http: Some(HttpAnswer {
            status,
            content_type,
            body,
        }),
    })
}

fn content_type(file: &Path) -> &'static str {
    let extension = file.extension().unwrap_or_default().to_ascii_lowercase();
    let mut known = CONTENT_TYPES.iter();
    let known = known.find(|(name, _)| extension == *name);
    known.map_or("application/octet-stream", |(_, content_type)| content_type)
}

fn ensure_file(file: &Path) -> Result<()> {
    ensure!(file.is_file(), "`{}` is not a file", file.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_those_of_extensions() {
        assert_eq!(content_type(Path::new("a/b.JPG")), "image/jpeg");
        assert_eq!(content_type(Path::new("b.json")), "application/json");
        assert_eq!(content_type(Path::new("b")), "application/octet-stream");
    }

    #[test]
    fn objects_are_put_before_each_send() {
        let photo = tempfile::NamedTempFile::new().unwrap();
        let object = |key: &str| StoredObject {
            bucket: "photos".to_owned(),
            key: key.to_owned(),
            file: photo.path().to_owned(),
        };
        let mut request = FunctionRequest::new(RequestKind::Http(photo.path().to_owned()));
        request.objects.push(object("own"));
        let storage = S3Server::start().unwrap();
        for _ in 0..2 {
            let move_objects = || {
                storage.remove("photos", "own")?;
                storage.remove("photos", "other")?;
                Ok(Answer {
                    value: Value::Null,
                    http: None,
                })
            };
            request.send_with(&storage, &[object("other")], move_objects).unwrap();
        }
    }

    #[test]
    fn events_must_be_json_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("event.json");
        let error = |file: &Path| format!("{:#}", FunctionRequest::event(file).unwrap_err());
        assert!(error(&file).starts_with("failed to read an event: "));
        fs::write(&file, "{").unwrap();
        assert!(error(&file).contains("event.json` is not JSON"));
        fs::write(&file, "[1]").unwrap();
        let request = FunctionRequest::event(&file).unwrap();
        assert!(matches!(&request.kind, RequestKind::Event { event, .. } if *event == serde_json::json!([1])));
        assert_eq!(request.file(), file);
        assert!(FunctionRequest::http(folder.path()).is_err());
    }
}

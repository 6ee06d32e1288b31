//! One event from its arrival to its answer.

use std::env;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::faces::{Detector, Face};
use crate::photo::Photo;
use crate::request::Request;
use crate::storage::Storage;

/// Everything that lives as long as the process.
pub struct Function {
    detector: Mutex<Detector>,
    storage: Storage,
}

impl Function {
    /// Reads the cascades.
    pub fn new() -> Result<Self> {
        Ok(Self {
            detector: Mutex::new(Detector::new()?),
            storage: Storage::default(),
        })
    }

    /// Finds the faces in the photo that `event` names, and writes the annotated photo beside it.
    pub async fn handle(&self, event: &Value) -> Result<Answer> {
        let request = Request::parse(event, |name| env::var(name).ok())?;
        let file = self.storage.read(&request.bucket, &request.key).await?;
        let photo = Photo::decode(&file).map_err(|reason| Error::NotAnImage {
            bucket: request.bucket.clone(),
            key: request.key.clone(),
            reason,
        })?;
        let faces = self.find(&photo)?;
        let annotated = photo.annotate(&faces)?;
        let key = request.annotated_key();
        self.storage.write(&request.bucket, &key, annotated).await?;
        Ok(Answer::new(&request, faces))
    }

    fn find(&self, photo: &Photo) -> Result<Vec<Face>> {
        let grey = photo.grey()?;
        let mut detector = self.detector.lock().unwrap_or_else(PoisonError::into_inner);
        detector.detect(&grey)
    }
}

//! Writes the output for a processed photo.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{PhotoTask, Pipeline};
use crate::error::{Error, ErrorDetails, Result};
use crate::options::StorageConfig;
use crate::photo::Header;
use crate::picture::PictureFile;
use crate::processor::{Processed, Processor};
use crate::request::Object;
use crate::response::Pictures;

impl<P: Processor> Pipeline<'_, P> {
    /// The URLs of the pictures, or why they are missing. Pictures of the same name have their extension in it.
    pub(super) async fn upload_pictures(
        &self,
        task: &PhotoTask<P::Options>,
        object: &Object,
        bucket: &str,
        files: &[PictureFile],
    ) -> Result<Pictures> {
        let (output, storage_config) = (&task.options.common.output, &task.options.common.storage);
        let key = |file: &PictureFile| {
            let extension = file.format.extension;
            output.key_pattern.picture_key(&object.key, &file.name, extension)
        };
        let keys: Vec<_> = files.iter().map(key).collect();
        let duplicate = keys
            .iter()
            .enumerate()
            .find(|(index, key)| keys[..*index].contains(key));
        if let Some((_, key)) = duplicate {
            return Err(Error::InvalidOption(format!(
                "`output_key` is `{}`, so two pictures would have the key `{key}`; add `{{name}}`",
                output.key_pattern
            )));
        }
        let mut pictures = Pictures::default();
        for (file, key) in files.iter().zip(&keys) {
            let result = match &file.content {
                Ok(content) => {
                    let kind = file.format.content_type;
                    let upload = self.upload(storage_config, bucket, key, kind, content.clone());
                    Ok(upload.await?)
                }
                Err(error) => Err(ErrorDetails::from(error)),
            };
            let same_name = files.iter().filter(|other| other.name == file.name).count() > 1;
            let name = match same_name {
                true => format!("{}.{}", file.name, file.format.extension).into(),
                false => file.name.clone(),
            };
            pictures.0.push((name, result));
        }
        Ok(pictures)
    }

    /// The URL of the file with the answer as JSON, if one is wanted.
    pub(super) async fn upload_sidecar(
        &self,
        task: &PhotoTask<P::Options>,
        object: &Object,
        bucket: &str,
        (header, processed): (&Header, &Processed<P::Answer>),
    ) -> Result<Option<String>> {
        let (output, storage_config) = (&task.options.common.output, &task.options.common.storage);
        if !output.files.includes_sidecar() {
            return Ok(None);
        }
        let key = output.key_pattern.sidecar_key(&object.key);
        let mut document = json!({
            "photo": {
                "bucket": object.bucket, "key": object.key, "versionId": object.version_id,
                "bytes": header.file_bytes, "format": header.format,
                "width": processed.width, "height": processed.height,
            },
            "options": task.options.own,
        });
        if let (Value::Object(document), Value::Object(answer)) = (&mut document, json!(processed.answer)) {
            document.extend(answer);
        }
        let file = Bytes::from(document.to_string());
        let upload = self.upload(storage_config, bucket, &key, "application/json", file);
        upload.await.map(Some)
    }

    async fn upload(
        &self,
        storage_config: &StorageConfig,
        bucket: &str,
        key: &str,
        kind: &'static str,
        file: Bytes,
    ) -> Result<String> {
        let url = storage_config.url(bucket, key);
        let write = self.storage.write(storage_config, bucket, key, kind, file);
        self.deadline.enforce("write", &url, write).await?;
        Ok(url)
    }
}

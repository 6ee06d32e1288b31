//! Moves photos whose answers say so.

use bytes::Bytes;

use super::{PhotoTask, Pipeline};
use crate::error::{Error, Result};
use crate::options::{FunctionOptions, KeyPattern};
use crate::processor::Processor;
use crate::request::Object;
use crate::storage::ObjectMetadata;

impl<P: Processor> Pipeline<'_, P> {
    /// The key to which a task's photo may have to be moved. `None` for one that is there already.
    ///
    /// # Errors
    /// Photos cannot be moved to this key, or not in this bucket.
    pub(super) fn destination_key(&self, task: &PhotoTask<P::Options>, object: &Object) -> Result<Option<String>> {
        let Some(pattern) = task.options.own.destination() else {
            return Ok(None);
        };
        check_pattern(pattern)?;
        if pattern.matches(&object.key) {
            return Ok(None);
        }
        let key = pattern.picture_key(&object.key, "", "");
        let storage_config = &task.options.common.storage;
        self.storage.check_move(storage_config, &object.bucket, &key)?;
        Ok(Some(key))
    }

    /// Moves the photo with this content to `key`; returns its URL there.
    pub(super) async fn move_photo(
        &self,
        task: &PhotoTask<P::Options>,
        object: &Object,
        (content, metadata): (Bytes, &ObjectMetadata),
        key: &str,
    ) -> Result<String> {
        let storage_config = &task.options.common.storage;
        let url = storage_config.url(&object.bucket, &object.key);
        let work = self
            .storage
            .move_object(storage_config, object, (content, metadata), key);
        self.deadline.enforce("move", &url, work).await?;
        Ok(storage_config.url(&object.bucket, key))
    }
}

fn check_pattern(pattern: &KeyPattern) -> Result<()> {
    let reason = if pattern.is_identity() {
        "its own key; add a prefix or suffix"
    } else if pattern.only_adds_extension() {
        "so every photo with this extension would count as moved; add more than an extension"
    } else if !pattern.is_for_photos() {
        "which has placeholders of pictures; use only `{key}`"
    } else {
        return Ok(());
    };
    Err(Error::InvalidOption(format!(
        "a photo cannot be moved to `{pattern}`, {reason}"
    )))
}

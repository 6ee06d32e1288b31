//! A photo that an event names, what is done with it, and its content.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::error::Result;
use crate::options::Options;
use crate::request::{Object, PhotoRequest};
use crate::storage::ObjectMetadata;

pub struct PhotoTask<O> {
    pub(super) object: Result<Object>,
    pub(super) options: Arc<Options<O>>,
    /// Whether photos that this function wrote are skipped.
    pub(super) loop_guard: bool,
    /// Whether the photo was requested by its key, so that nothing but its answer will do.
    pub(super) is_direct: bool,
    pub(super) is_delete_marker: bool,
}

impl<O> PhotoTask<O> {
    /// A direct event requests a photo by its key: it is processed even if this function wrote it.
    pub fn new(photo: PhotoRequest, options: Arc<Options<O>>) -> Self {
        Self {
            object: Ok(photo.object),
            loop_guard: !photo.is_direct && options.common.output.loop_guard,
            is_direct: photo.is_direct,
            is_delete_marker: photo.is_delete_marker,
            options,
        }
    }

    /// A photo from an event notification, or the notification's error.
    pub fn from_notification(object: Result<Object>, options: &Arc<Options<O>>) -> Self {
        Self {
            object,
            loop_guard: options.common.output.loop_guard,
            is_direct: false,
            is_delete_marker: false,
            options: Arc::clone(options),
        }
    }

    pub(super) fn url(&self) -> Option<String> {
        let Object { bucket, key, .. } = self.object.as_ref().ok()?;
        Some(self.options.common.storage.url(bucket, key))
    }
}

/// A photo that was downloaded, and the time that it took.
pub(super) struct Download {
    pub(super) content: Bytes,
    pub(super) metadata: ObjectMetadata,
    /// The key to which it may be moved.
    pub(super) destination: Option<String>,
    pub(super) time: Duration,
}

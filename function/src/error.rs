//! What can be wrong with an event, by the name that a caller sees as Lambda's `errorType`.

use lambda_runtime::Diagnostic;

/// A failed invocation. The process lives on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event does not say which photo.
    #[error("{0}")]
    InvalidRequest(String),
    /// There is no such bucket.
    #[error("the bucket `{0}` does not exist")]
    BucketNotFound(String),
    /// There is no such object.
    #[error("there is no object s3://{bucket}/{key}")]
    ObjectNotFound {
        /// The bucket.
        bucket: String,
        /// The key that is missing.
        key: String,
    },
    /// The role may not do that.
    #[error("not allowed to {verb} s3://{bucket}/{key}; does the function's role permit it?")]
    AccessDenied {
        /// `read` or `write`.
        verb: &'static str,
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// S3 failed otherwise.
    #[error("failed to {verb} s3://{bucket}/{key}: {reason}")]
    StorageFailed {
        /// `read` or `write`.
        verb: &'static str,
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// What S3 said.
        reason: String,
    },
    /// The object is no picture that this build can read.
    #[error("s3://{bucket}/{key} is no image that can be read ({reason}; JPEG and PNG can)")]
    NotAnImage {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// OpenCV failed.
    #[error("OpenCV failed: {0}")]
    OpenCvFailed(#[from] opencv::Error),
}

impl Error {
    fn name(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "InvalidRequest",
            Self::BucketNotFound(_) => "BucketNotFound",
            Self::ObjectNotFound { .. } => "ObjectNotFound",
            Self::AccessDenied { .. } => "AccessDenied",
            Self::StorageFailed { .. } => "StorageFailed",
            Self::NotAnImage { .. } => "NotAnImage",
            Self::OpenCvFailed(_) => "OpenCvFailed",
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        Self {
            error_type: error.name().to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// The function's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

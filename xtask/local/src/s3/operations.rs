//! The operations of S3's API that the function, the AWS CLI and boto3 use to read and write single objects. All others
//! are answered with `NotImplemented`.

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt;
use s3s::dto::{
    ChecksumMode, DeleteObjectInput, DeleteObjectOutput, ETag, GetObjectInput, GetObjectOutput, HeadBucketInput,
    HeadBucketOutput, HeadObjectInput, HeadObjectOutput, PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};

use super::objects::{Object, ObjectChecksum, Objects};

#[async_trait]
impl S3 for Objects {
    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.find(&input.bucket, &input.key)?;
        let length = object.content.len() as u64;
        let is_asked = input
            .checksum_mode
            .is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        let (checksum_crc64nvme, checksum_sha256) = match object.checksum {
            // A part has no checksum of its own.
            _ if !is_asked || input.range.is_some() => (None, None),
            ObjectChecksum::Crc64Nvme(checksum) => (Some(checksum), None),
            ObjectChecksum::Sha256(checksum) => (None, Some(checksum)),
        };
        let (content, content_range) = match input.range {
            None => (object.content, None),
            Some(range) => {
                let range = range.check(length)?;
                let content_range = format!("bytes {}-{}/{length}", range.start, range.end - 1);
                let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
                (object.content.slice(start..end), Some(content_range))
            }
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: i64::try_from(content.len()).ok(),
            body: Some(StreamingBlob::from(Body::from(content))),
            checksum_crc64nvme,
            checksum_sha256,
            content_range,
            content_type: object.content_type,
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(object.modified.into()),
            metadata: object.metadata,
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let object = self.find(&input.bucket, &input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: i64::try_from(object.content.len()).ok(),
            content_type: object.content_type,
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(object.modified.into()),
            metadata: object.metadata,
            ..HeadObjectOutput::default()
        }))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let content = match input.body {
            Some(body) => {
                let body = Body::from(body).collect().await;
                body.map_err(|_| s3_error!(IncompleteBody))?.to_bytes()
            }
            None => Bytes::new(),
        };
        let received = i64::try_from(content.len()).ok();
        if input.content_length.is_some() && input.content_length != received {
            return Err(s3_error!(IncompleteBody));
        }
        let mut object = Object {
            content_type: input.content_type,
            metadata: input.metadata,
            ..Object::new(content)
        };
        if let Some(sha256) = input.checksum_sha256 {
            let checksum = ObjectChecksum::from_client(sha256, &object.content);
            object.checksum = checksum.ok_or_else(|| s3_error!(BadDigest))?;
        }
        let etag = object.etag.clone();
        let written = self.put(&input.bucket, &input.key, object);
        written.ok_or_else(|| s3_error!(NoSuchBucket))?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(etag)),
            ..PutObjectOutput::default()
        }))
    }

    /// Succeeds even if there is no such object, as in S3.
    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let removed = self.remove(&request.input.bucket, &request.input.key);
        removed.ok_or_else(|| s3_error!(NoSuchBucket))?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        let found = self.keys(&request.input.bucket);
        found.ok_or_else(|| s3_error!(NoSuchBucket))?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }
}

impl Objects {
    /// The buckets are not versioned: an object is its own version, whatever the version's name.
    fn find(&self, bucket: &str, key: &str) -> S3Result<Object> {
        let object = self.get(bucket, key).ok_or_else(|| s3_error!(NoSuchBucket))?;
        object.ok_or_else(|| s3_error!(NoSuchKey))
    }
}

//! Answers that are documents and no blobs, read whole but never longer than a limit.

use reqwest::Response;

#[derive(Debug)]
pub(crate) enum Unread {
    TooLong,
    Broken(reqwest::Error),
}

/// The body of an answer of at most `limit` bytes.
pub(crate) async fn read(mut response: Response, limit: u64) -> Result<Vec<u8>, Unread> {
    if response
        .content_length()
        .is_some_and(|length| length > limit)
    {
        return Err(Unread::TooLong);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(Unread::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

//! The sessions of directory buckets: credentials for one bucket, valid for five minutes.
//! Source: Amazon S3 API Reference, "CreateSession".

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use super::credentials::Credentials;
use super::error::{RequestError, element};

/// A session is replaced this long before it expires, so that it is valid until a request arrives.
const REFRESH_MARGIN: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct SessionCache(Mutex<Option<Session>>);

struct Session {
    credentials: Arc<Credentials>,
    refresh_at: DateTime<Utc>,
}

impl SessionCache {
    /// `create` sends the request for a session; its result is the body of S3's response.
    pub(super) async fn get<F>(&self, create: impl FnOnce() -> F) -> Result<Arc<Credentials>, RequestError>
    where
        F: Future<Output = Result<Vec<u8>, RequestError>>,
    {
        let mut cache = self.0.lock().await;
        if let Some(session) = cache.as_ref()
            && Utc::now() < session.refresh_at
        {
            return Ok(Arc::clone(&session.credentials));
        }
        let body = create().await?;
        let session = Session::parse(&String::from_utf8_lossy(&body)).ok_or_else(|| {
            let reason = "the response to CreateSession is not as documented";
            RequestError::Corrupt(reason.to_owned())
        })?;
        Ok(Arc::clone(&cache.insert(session).credentials))
    }

    /// Makes the next call of `get` create another session, after S3 said that it has expired. Returns whether there
    /// was one.
    pub(super) async fn expire(&self) -> bool {
        self.0.lock().await.take().is_some()
    }
}

impl Session {
    fn parse(xml: &str) -> Option<Self> {
        let expiration = DateTime::parse_from_rfc3339(&element(xml, "Expiration")?).ok()?;
        Some(Self {
            credentials: Arc::new(Credentials {
                access_key_id: element(xml, "AccessKeyId")?,
                secret_access_key: element(xml, "SecretAccessKey")?,
                session_token: Some(element(xml, "SessionToken")?),
            }),
            refresh_at: expiration.to_utc() - REFRESH_MARGIN,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(expiration: &str) -> Vec<u8> {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <CreateSessionResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Credentials><SessionToken>t/+=</SessionToken><SecretAccessKey>s</SecretAccessKey>\
             <AccessKeyId>id</AccessKeyId><Expiration>{expiration}</Expiration></Credentials></CreateSessionResult>"
        );
        body.into_bytes()
    }

    #[tokio::test]
    async fn session_is_used_until_it_nearly_expires() {
        let cache = SessionCache::default();
        let mut created = 0;
        for (expiration, expected) in [
            // Less than the margin from now, so it is not used again.
            (Utc::now() + Duration::from_secs(50), 1),
            (Utc::now() + Duration::from_secs(300), 2),
            (Utc::now(), 2),
        ] {
            let create = || {
                created += 1;
                async move { Ok(body(&expiration.to_rfc3339())) }
            };
            let found = cache.get(create).await.unwrap();
            assert_eq!(found.session_token.as_deref(), Some("t/+="));
            assert_eq!(created, expected);
        }
        assert!(cache.expire().await && !cache.expire().await);
        let unexpected = cache.get(|| async { Ok(b"<html>".to_vec()) }).await.unwrap_err();
        assert!(unexpected.is_retryable() && unexpected.to_string().contains("CreateSession"));
    }
}

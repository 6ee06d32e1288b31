//! Converts a registry's challenge into an authorization. Sources:
//! <https://distribution.github.io/distribution/spec/auth/token/> and, for identity tokens,
//! <https://distribution.github.io/distribution/spec/auth/oauth/>.

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode, Url};
use serde_json::Value;

use super::challenge::{Challenge, best_challenge};
use super::host::is_loopback;
use super::retry::retry_after;
use super::session::Authorization;
use super::{Credentials, Error, Failure, Session};

/// The maximum size in bytes. Tokens have a few kilobytes.
const MAX_TOKEN_RESPONSE_SIZE: u64 = 1 << 20;

const TOKEN_SERVICE: &str = "the token service";

/// Required by the token service to exchange an identity token.
const CLIENT_ID: &str = "layer";

impl Session<'_> {
    /// The authorization for the challenge in `headers`; none if the credentials cannot meet it.
    pub async fn authorize(&self, headers: &HeaderMap) -> Result<Option<Authorization>, Failure> {
        let found = match (best_challenge(headers), &self.image.credentials) {
            (Some(_), Credentials::RegistryToken(token)) => self.bearer(token.clone())?,
            (Some(Challenge::Basic), credentials) => return Ok(Authorization::basic(credentials)),
            (Some(Challenge::Bearer { realm, service }), _) => self.fetch_token(&realm, service.as_deref()).await?,
            (None, _) => return Ok(None),
        };
        Ok(Some(found))
    }

    async fn fetch_token(&self, realm: &str, service: Option<&str>) -> Result<Authorization, Failure> {
        let realm = self.trusted_realm(realm)?;
        let (repository, actions) = (self.image.reference.repository(), self.actions);
        let mut scopes = vec![format!("repository:{repository}:{actions}")];
        scopes.extend(self.mount_from.iter().map(|from| format!("repository:{from}:pull")));
        let fetched = self.fetch_scopes(&realm, service, &scopes).await;
        match fetched {
            // Some services give no token at all if one of several scopes is denied.
            Err(Failure {
                error: Error::Unauthorized { .. },
                ..
            }) if scopes.len() > 1 => self.fetch_scopes(&realm, service, &scopes[..1]).await,
            fetched => fetched,
        }
    }

    async fn fetch_scopes(
        &self,
        realm: &Url,
        service: Option<&str>,
        scopes: &[String],
    ) -> Result<Authorization, Failure> {
        let (what, realm) = (TOKEN_SERVICE, realm.clone());
        let http = self.clients.for_tokens(self.is_own(&realm))?;
        let service = service.map(|service| ("service", service));
        let request = match &self.image.credentials {
            Credentials::IdentityToken(token) => {
                // OAuth has one parameter for all scopes.
                let scope = scopes.join(" ");
                let mut form = vec![("scope", scope.as_str())];
                form.extend(service);
                form.extend([
                    ("grant_type", "refresh_token"),
                    ("client_id", CLIENT_ID),
                    ("refresh_token", token),
                ]);
                http.post(realm).form(&form)
            }
            credentials => {
                let mut query: Vec<_> = scopes.iter().map(|scope| ("scope", scope.as_str())).collect();
                query.extend(service);
                let request = http.get(realm).query(&query);
                match credentials {
                    Credentials::Basic { user, password } => request.basic_auth(user, Some(password)),
                    _ => request,
                }
            }
        };
        let sent = request.send().await;
        let response = sent.map_err(|error| self.classify_error(what, &error))?;
        let response = self.classify_token_response(response)?;
        let body = self.read_body(what, response, MAX_TOKEN_RESPONSE_SIZE).await?;
        // Without the parser's error, which could contain a part of the token.
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| answer[name].as_str().filter(|text| !text.is_empty());
        let token = text("token").or_else(|| text("access_token"));
        let token = token.ok_or_else(|| self.invalid_response(what, "it has no token"))?;
        Ok(self.bearer(token.to_owned())?)
    }

    /// An error without the body if the status is not one of success: the body may repeat the request.
    fn classify_token_response(&self, response: Response) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let summary = format!("HTTP {}", status.as_u16());
        // OAuth responds with 400 to an identity token that is not valid any more (RFC 6749, section 5.2).
        let refused = [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
        if refused.contains(&status) {
            return Err(self.unauthorized(summary).into());
        }
        let retry_after = retry_after(response.headers());
        let failure = self.classify_status(TOKEN_SERVICE, status, b"", retry_after, None);
        if failure.retryable || self.is_own(response.url()) {
            return Err(failure);
        }
        let reason = match status.is_redirection() {
            true => "it redirects to another server, which gets no credentials".to_owned(),
            false => format!("it responds with {summary}"),
        };
        Err(self.misdirected(TOKEN_SERVICE, response.url(), reason).into())
    }

    /// The URL of a token service, if it is safe to send credentials there.
    fn trusted_realm(&self, realm: &str) -> Result<Url, Error> {
        let url = Url::parse(realm).map_err(|_| self.invalid_response(TOKEN_SERVICE, "its address is not a URL"))?;
        // A registry that is accessed by plain HTTP gets the credentials in the clear already.
        let host_of_registry = || Url::parse(&self.api_url()).is_ok_and(|own| own.host() == url.host());
        let safe = match url.scheme() {
            "https" => true,
            "http" => url.host_str().is_some_and(is_loopback) || !self.scheme.is_tls() && host_of_registry(),
            _ => false,
        };
        match safe {
            true => Ok(url),
            false => {
                let reason = "it is neither https nor on this machine, so credentials are not sent to it";
                Err(self.misdirected(TOKEN_SERVICE, &url, reason))
            }
        }
    }

    /// Refuses a token that cannot be sent in a header.
    fn bearer(&self, token: String) -> Result<Authorization, Error> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.invalid_response("a login", "its token has invalid characters"));
        }
        Ok(Authorization::Bearer(token))
    }
}

#[cfg(test)]
mod tests {
    use super::super::session::with_session;
    use super::super::{RegistryImage, Transport};

    #[test]
    fn credentials_are_not_sent_in_the_clear() {
        let trusted = |transport, realm: &str| {
            let mut image = RegistryImage::parse("h.example:5000/a").unwrap();
            image.transport = transport;
            with_session(&image, "pull", &|_| (), async |session| session.trusted_realm(realm))
        };
        for transport in [Transport::Tls, Transport::PlainHttp] {
            assert!(trusted(transport, "https://auth.example/token").is_ok());
            assert!(trusted(transport, "http://127.0.0.1:5001/token").is_ok());
            for realm in ["http://auth.example/token", "file:///etc/passwd", "/token", ""] {
                assert!(trusted(transport, realm).is_err(), "{realm}");
            }
        }
        assert!(trusted(Transport::PlainHttp, "http://h.example/token").is_ok());
        let error = trusted(Transport::Tls, "http://h.example/token?secret")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`external_url`") && error.contains("http://h.example, "),
            "{error}"
        );
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn token_must_be_a_valid_header() {
        let image = RegistryImage::parse("h.example/a").unwrap();
        with_session(&image, "pull", &|_| (), async |session| {
            assert!(session.bearer("abc.DEF-1_2=".into()).is_ok());
            for bad in ["", "a\nb", "a b", "ä"] {
                let error = session.bearer(bad.into()).err().unwrap();
                assert!(error.to_string().contains("token"), "{error}");
            }
            Ok(())
        })
        .unwrap();
    }
}

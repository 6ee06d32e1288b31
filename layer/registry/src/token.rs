//! Converts a registry's challenge into an authorization. Sources:
//! <https://distribution.github.io/distribution/spec/auth/token/> and, for identity tokens,
//! <https://distribution.github.io/distribution/spec/auth/oauth/>.

use http_auth::parse_challenges;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url};
use serde_json::Value;

use super::registry_image::is_loopback;
use super::session::Authorization;
use super::{Credentials, Error, Failure, Session};

/// The maximum size in bytes. Tokens have a few kilobytes.
const MAX_TOKEN_RESPONSE_SIZE: u64 = 1 << 20;

const TOKEN_SERVICE: &str = "the token service";

/// Required by the token service to exchange an identity token.
const CLIENT_ID: &str = "layer";

#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

impl Session<'_> {
    /// The authorization for the challenge in `headers`; none if the credentials cannot meet it.
    pub async fn authorize(&self, headers: &HeaderMap) -> Result<Option<Authorization>, Failure> {
        let found = match (best_challenge(headers), &self.image.credentials) {
            (_, Credentials::RegistryToken(token)) => self.bearer(token.clone())?,
            (Some(Challenge::Basic), Credentials::Basic { user, password }) => Authorization::Basic {
                user: user.clone(),
                password: password.clone(),
            },
            (Some(Challenge::Bearer { realm, service }), _) => self.fetch_token(&realm, service.as_deref()).await?,
            _ => return Ok(None),
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
        let http = match self.is_own(&realm) {
            true => self.clients.for_registry(),
            false => self.clients.for_elsewhere()?,
        };
        let mut query: Vec<_> = scopes.iter().map(|scope| ("scope", scope.as_str())).collect();
        query.extend(service.map(|service| ("service", service)));
        let request = match &self.image.credentials {
            Credentials::IdentityToken(token) => {
                query.extend([
                    ("grant_type", "refresh_token"),
                    ("client_id", CLIENT_ID),
                    ("refresh_token", token),
                ]);
                http.post(realm).form(&query)
            }
            Credentials::Basic { user, password } => {
                let request = http.get(realm).query(&query);
                request.basic_auth(user, Some(password))
            }
            Credentials::Anonymous | Credentials::RegistryToken(_) => http.get(realm).query(&query),
        };
        let sent = request.send().await;
        let response = sent.map_err(|error| self.classify_error(what, &error))?;
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            // Also on another server, this means that the credentials are wrong.
            return Err(self.classify_status(what, status, b"", None, false));
        }
        let response = self.classify_response(what, response).await?;
        let body = self.read_body(what, response, MAX_TOKEN_RESPONSE_SIZE).await?;
        // Without the parser's error, which could contain a part of the token.
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        let token = answer["token"].as_str().or(answer["access_token"].as_str());
        let token = token.ok_or_else(|| self.invalid_response(what, "it has no token"))?;
        Ok(self.bearer(token.to_owned())?)
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

/// Prefers Bearer to Basic.
fn best_challenge(headers: &HeaderMap) -> Option<Challenge> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    let challenges = texts.iter().filter_map(|text| parse_challenges(text).ok());
    let mut best = None;
    for challenge in challenges.flatten() {
        let parameter = |name: &str| {
            let mut parameters = challenge.params.iter();
            let found = parameters.find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        if challenge.scheme.eq_ignore_ascii_case("bearer") {
            if let Some(realm) = parameter("realm") {
                let service = parameter("service");
                return Some(Challenge::Bearer { realm, service });
            }
        } else if challenge.scheme.eq_ignore_ascii_case("basic") {
            best = Some(Challenge::Basic);
        }
    }
    best
}

/// Why no login is possible after a response with these headers; none if they have a challenge that could be met.
pub(crate) fn unmet_challenge(headers: &HeaderMap) -> Option<String> {
    if best_challenge(headers).is_some() {
        return None;
    }
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    let schemes = values.filter_map(|value| value.to_str().ok()?.split_whitespace().next());
    let printable = |scheme: &str| scheme.chars().filter(char::is_ascii_alphanumeric).take(30).collect();
    let schemes: Vec<String> = schemes.map(printable).collect();
    Some(match schemes.is_empty() {
        true => ", but it does not say how to log in: the header WWW-Authenticate is missing, which a proxy in front \
                 of the registry may have removed"
            .to_owned(),
        false => format!(
            ", but it offers only the login {}; Basic and Bearer are supported",
            schemes.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::session::with_session;
    use super::super::{RegistryImage, Transport};
    use super::*;

    fn parse_challenge(values: &[&'static str]) -> Option<Challenge> {
        let values = values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap()));
        best_challenge(&values.collect())
    }

    #[test]
    fn bearer_challenge_is_preferred() {
        let hub = r#"Bearer realm="https://auth.example/token",service="hub",scope="repository:a:pull,push""#;
        let expected = Some(Challenge::Bearer {
            realm: "https://auth.example/token".into(),
            service: Some("hub".into()),
        });
        assert_eq!(parse_challenge(&[hub]), expected);
        assert_eq!(parse_challenge(&["Basic realm=\"x\"", hub]), expected);
        let amazon = r#"Basic realm="https://1.example/",service="ecr""#;
        assert_eq!(parse_challenge(&[amazon]), Some(Challenge::Basic));
        assert_eq!(parse_challenge(&["Basic realm=\"x\""]), Some(Challenge::Basic));
        assert_eq!(parse_challenge(&["Negotiate"]), None);
        assert_eq!(parse_challenge(&["Bearer service=\"without realm\""]), None);
        assert_eq!(parse_challenge(&["\"\"\",,,="]), None);
        assert_eq!(parse_challenge(&[]), None);
    }

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
    fn challenges_that_cannot_be_met_are_explained() {
        let explain = |values: &[&'static str]| {
            let values = values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap()));
            unmet_challenge(&values.collect())
        };
        assert_eq!(explain(&["Basic realm=\"x\""]), None);
        assert!(explain(&[]).unwrap().contains("is missing"));
        assert!(
            explain(&["Negotiate", "NTLM"])
                .unwrap()
                .contains("only the login Negotiate, NTLM;")
        );
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

//! What a registry demands before it answers, and what it gets: a challenge goes in, and an
//! authorization comes out. Source: <https://distribution.github.io/distribution/spec/auth/token/>
//! and, for identity tokens, <https://distribution.github.io/distribution/spec/auth/oauth/>.
//!
//! `oci_client` has this as well, but it tells a token service that is too busy like one that
//! refuses, goes on without a token when it gets none, knows no identity tokens, and panics on a
//! token that cannot be a header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_auth::parse_challenges;
use reqwest::Url;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde::Deserialize;

use super::document::{Unread, read};
use super::error::Failure;
use super::judge::Judge;
use super::remote::is_loopback;
use super::{Credentials, Error, Remote};

/// The longest answer of a token service. Tokens are some kilobytes.
const LONGEST: u64 = 1 << 20;

/// What an identity token's service is told of who asks.
const CLIENT: &str = "layer";

/// What is done in a repository.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Pull,
    Push,
}

/// What a request carries.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Authorization {
    Basic { user: String, password: String },
    Bearer(String),
}

impl Authorization {
    /// The value of the header.
    pub fn header(&self) -> String {
        match self {
            Self::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }
}

/// What a registry demands.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer {
        realm: String,
        service: Option<String>,
    },
}

/// The authorization that fits a challenge and the credentials; none if they cannot meet it.
pub(crate) async fn authorize(
    http: &reqwest::Client,
    remote: &Remote,
    scope: Scope,
    headers: &HeaderMap,
) -> Result<Option<Authorization>, Failure> {
    Ok(match (challenge(headers), &remote.credentials) {
        (_, Credentials::Token(token)) => bearer(remote, token.clone()).map(Some)?,
        (Some(Challenge::Basic), Credentials::Basic { user, password }) => {
            Some(Authorization::Basic {
                user: user.clone(),
                password: password.clone(),
            })
        }
        (Some(Challenge::Bearer { realm, service }), _) => {
            let service = service.as_deref();
            Some(ask(http, remote, scope, &realm, service).await?)
        }
        _ => None,
    })
}

/// The best of the challenges that can be met.
fn challenge(headers: &HeaderMap) -> Option<Challenge> {
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

/// Asks a token service for a token.
async fn ask(
    http: &reqwest::Client,
    remote: &Remote,
    scope: Scope,
    realm: &str,
    service: Option<&str>,
) -> Result<Authorization, Failure> {
    let what = "the token service";
    let judge = Judge {
        remote,
        secrets: remote
            .credentials
            .secrets()
            .into_iter()
            .map(str::to_owned)
            .collect(),
    };
    let Some(realm) = trusted(realm) else {
        let reason = "its address is neither https nor on this machine";
        return Err(judge.unusable(what, reason).into());
    };
    let actions = match scope {
        Scope::Pull => "pull",
        Scope::Push => "pull,push",
    };
    let scope = format!("repository:{}:{actions}", remote.reference.repository());
    let mut query = vec![("scope", scope.as_str())];
    query.extend(service.map(|service| ("service", service)));
    let request = match &remote.credentials {
        Credentials::IdentityToken(token) => {
            query.extend([
                ("grant_type", "refresh_token"),
                ("client_id", CLIENT),
                ("refresh_token", token),
            ]);
            http.post(realm).form(&query)
        }
        Credentials::Basic { user, password } => http
            .get(realm)
            .query(&query)
            .basic_auth(user, Some(password)),
        Credentials::Anonymous | Credentials::Token(_) => http.get(realm).query(&query),
    };
    let sent = request.send().await;
    let response = sent.map_err(|error| judge.broken(what, &error))?;
    let status = response.status();
    if status == reqwest::StatusCode::UNAUTHORIZED || status == reqwest::StatusCode::FORBIDDEN {
        // At the registry's own address or not: it is the login that is refused.
        return Err(judge.status(what, status, b"", None, false));
    }
    let response = judge.answer(what, response).await?;
    let body = read(response, LONGEST)
        .await
        .map_err(|unread| match unread {
            Unread::TooLong => judge.unusable(what, "it is too long").into(),
            Unread::Broken(error) => judge.broken(what, &error),
        })?;
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
    }
    // The parser's message could show a part of the token.
    let answer: Option<Answer> = serde_json::from_slice(&body).ok();
    let token = answer.and_then(|answer| answer.token.or(answer.access_token));
    let token = token.ok_or_else(|| judge.unusable(what, "there is no token in it"))?;
    Ok(bearer(remote, token)?)
}

/// A token, if it can be a header.
fn bearer(remote: &Remote, token: String) -> Result<Authorization, Error> {
    let judge = Judge {
        remote,
        secrets: Vec::new(),
    };
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(judge.unusable("a login", "its token has letters that no token has"));
    }
    Ok(Authorization::Bearer(token))
}

/// The address of a token service, if credentials may go there.
fn trusted(realm: &str) -> Option<Url> {
    let url = Url::parse(realm).ok()?;
    let safe = match url.scheme() {
        "https" => true,
        "http" => is_loopback(url.host_str()?),
        _ => false,
    };
    safe.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> Option<Challenge> {
        let values = values
            .iter()
            .map(|value| (WWW_AUTHENTICATE, value.parse().unwrap()));
        challenge(&values.collect())
    }

    #[test]
    fn challenges_are_read_and_tokens_preferred() {
        let hub = r#"Bearer realm="https://auth.example/token",service="hub",scope="repository:a:pull,push""#;
        let expected = Some(Challenge::Bearer {
            realm: "https://auth.example/token".into(),
            service: Some("hub".into()),
        });
        assert_eq!(of(&[hub]), expected);
        assert_eq!(of(&["Basic realm=\"x\"", hub]), expected);
        let amazon = r#"Basic realm="https://1.example/",service="ecr""#;
        assert_eq!(of(&[amazon]), Some(Challenge::Basic));
        assert_eq!(of(&["Basic realm=\"x\""]), Some(Challenge::Basic));
        assert_eq!(of(&["Negotiate"]), None);
        assert_eq!(of(&["Bearer service=\"without realm\""]), None);
        assert_eq!(of(&["\"\"\",,,="]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn credentials_go_nowhere_in_the_clear() {
        assert!(trusted("https://auth.example/token").is_some());
        assert!(trusted("http://127.0.0.1:5001/token").is_some());
        for realm in [
            "http://auth.example/token",
            "file:///etc/passwd",
            "/token",
            "",
        ] {
            assert!(trusted(realm).is_none(), "{realm}");
        }
    }

    #[test]
    fn a_token_must_fit_into_a_header() {
        let remote = Remote::parse("h.example/a").unwrap();
        assert!(bearer(&remote, "abc.DEF-1_2=".into()).is_ok());
        for bad in ["", "a\nb", "a b", "ä"] {
            let error = bearer(&remote, bad.into()).err().unwrap();
            assert!(error.to_string().contains("token"), "{error}");
        }
    }
}

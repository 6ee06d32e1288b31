//! Parses the challenges of a registry (`WWW-Authenticate`, RFC 9110, section 11.6.1).

use http_auth::ChallengeParser;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

/// The challenges in ASCII. Names of realms for humans need not be, but the parser accepts nothing else.
fn challenge_texts(headers: &HeaderMap) -> Vec<String> {
    let ascii = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { '?' };
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    values
        .map(|value| value.as_bytes().iter().map(ascii).collect())
        .collect()
}

/// Prefers Bearer to Basic.
pub(crate) fn best_challenge(headers: &HeaderMap) -> Option<Challenge> {
    let texts = challenge_texts(headers);
    let challenges = texts
        .iter()
        .flat_map(|text| ChallengeParser::new(text).map_while(Result::ok));
    let mut best = None;
    for challenge in challenges {
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
    let texts = challenge_texts(headers);
    let schemes = texts.iter().filter_map(|text| text.split_whitespace().next());
    let printable = |scheme: &str| scheme.chars().filter(char::is_ascii_alphanumeric).take(30).collect();
    let schemes: Vec<String> = schemes.map(printable).collect();
    Some(match schemes.is_empty() {
        true => ", but it does not say how to log in: the header WWW-Authenticate is missing, which a proxy in front \
                 of the registry may have removed"
            .to_owned(),
        false => format!(
            ", but it offers only the login {} in WWW-Authenticate; supported are Basic, and Bearer with a realm in \
             quotes",
            schemes.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value.as_bytes()));
        values.map(|value| (WWW_AUTHENTICATE, value.unwrap())).collect()
    }

    fn parse_challenge(values: &[&str]) -> Option<Challenge> {
        best_challenge(&headers(values))
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
        // A realm in another script, and what no parser understands after a challenge.
        assert_eq!(parse_challenge(&["Basic realm=\"\u{79c1}\""]), Some(Challenge::Basic));
        assert_eq!(parse_challenge(&[&format!("{hub}, Basic realm=\"x\", =")]), expected);
        assert_eq!(parse_challenge(&["Negotiate"]), None);
        assert_eq!(parse_challenge(&["Bearer realm=https://auth.example/token"]), None);
        assert_eq!(parse_challenge(&["Bearer service=\"without realm\""]), None);
        assert_eq!(parse_challenge(&["\"\"\",,,="]), None);
        assert_eq!(parse_challenge(&[]), None);
    }

    #[test]
    fn challenges_that_cannot_be_met_are_explained() {
        let explain = |values: &[&str]| unmet_challenge(&headers(values));
        assert_eq!(explain(&["Basic realm=\"x\""]), None);
        assert!(explain(&[]).unwrap().contains("is missing"));
        assert!(
            explain(&["Negotiate", "NTLM"])
                .unwrap()
                .contains("only the login Negotiate, NTLM in")
        );
    }
}

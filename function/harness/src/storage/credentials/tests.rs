use super::*;
use crate::storage::tests::server;

const CREDENTIALS: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
    {\"AccessKeyId\":\"id\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\",\
    \"Expiration\":\"2999-01-01T00:00:00Z\",\"Code\":\"Success\"}";

fn variable(variables: &[(&str, &str)], name: &str) -> Option<String> {
    let found = variables.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| (*value).to_owned())
}

fn from_variables(variables: &[(&str, &str)]) -> Result<Option<ContainerCredentials>, String> {
    ContainerCredentials::from_variables(|name| variable(variables, name))
}

#[test]
fn credentials_are_fetched_over_tls_or_from_local_addresses_only() {
    for url in [
        "http://127.0.0.1:9001/2021-04-23/credentials",
        "http://127.8.8.8/",
        "http://localhost:8080/role",
        "http://[::1]/role",
        "http://169.254.170.2/v2/credentials",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
        "https://credentials.example.com/role",
    ] {
        let found = from_variables(&[(FULL_URI, url), (AUTHORIZATION_TOKEN, "t")]);
        assert!(found.unwrap().is_some(), "{url}");
    }
    for url in [
        "http://credentials.example.com/role",
        "http://127.0.0.1@example.com/role",
        "http://127.0.0.1.example.com/role",
        "http://localhost.example.com/",
        "http://10.0.0.1/role",
        "http://169.254.169.254/role",
        "http://[::ffff:10.0.0.1]/role",
        "http://0.0.0.0/role",
        "ftp://127.0.0.1/role",
        "file:///etc/passwd",
        "127.0.0.1/role",
        "https://",
    ] {
        // Even without a token.
        for token in [AUTHORIZATION_TOKEN, AUTHORIZATION_TOKEN_FILE, "OTHER"] {
            let message = from_variables(&[(FULL_URI, url), (token, "SECRET")]).err().unwrap();
            assert!(message.contains(FULL_URI) && !message.contains("SECRET"), "{message}");
        }
    }
    let message = from_variables(&[(FULL_URI, "http://me:SECRET@example.com/a")])
        .err()
        .unwrap();
    assert!(!message.contains("SECRET"), "{message}");
}

#[test]
fn relative_uri_must_be_a_path() {
    let found = from_variables(&[(RELATIVE_URI, "/v2/credentials")]).unwrap().unwrap();
    assert_eq!(found.origin.url() + &found.path, "http://169.254.170.2/v2/credentials");
    let message = from_variables(&[(RELATIVE_URI, "@example.com/")]).err().unwrap();
    assert!(message.contains(RELATIVE_URI), "{message}");
}

#[tokio::test]
async fn container_precedes_keys_and_no_credentials_is_an_error() {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "SECRET"),
        ("AWS_SESSION_TOKEN", "token"),
    ];
    let from = |variables: &[(&str, &str)]| CredentialSource::from_variables(|name| variable(variables, name));
    let found = from(&keys).unwrap().get().await.unwrap();
    assert_eq!(
        (found.access_key_id.as_str(), found.session_token.as_deref()),
        ("id", Some("token"))
    );
    assert!(!format!("{found:?}").contains("SECRET"));
    for missing in [&keys[..1], &keys[1..], &[]] {
        assert!(from(missing).err().unwrap().contains("AWS_ACCESS_KEY_ID"));
    }
    let container = [(FULL_URI, "http://127.0.0.1:1/"), (AUTHORIZATION_TOKEN, "t")];
    let both = from(&[&keys[..], &container].concat());
    assert!(matches!(both, Ok(CredentialSource::Container(_))));
}

#[tokio::test]
async fn restored_function_fetches_credentials_once() {
    let (url, requests) = server(&[CREDENTIALS]);
    let variables = [(FULL_URI, url.as_str()), (AUTHORIZATION_TOKEN, "test-token")];
    let source = CredentialSource::from_variables(|name| variable(&variables, name)).unwrap();
    for _ in 0..2 {
        let found = source.get().await.unwrap();
        assert_eq!(found.access_key_id, "id");
        assert_eq!(found.session_token.as_deref(), Some("token"));
    }
    assert_eq!(requests.lock().unwrap().len(), 1, "they were not cached");
    assert!(requests.lock().unwrap()[0].contains("authorization: test-token\r\n"));
    assert!(source.expire().await);
    source.get().await.unwrap();
    assert_eq!(requests.lock().unwrap().len(), 2, "expired ones were used");
}

#[tokio::test]
async fn endpoint_without_a_token_is_asked_without_authorization() {
    let (url, requests) = server(&[CREDENTIALS]);
    let found = from_variables(&[(FULL_URI, &url)]).unwrap().unwrap();
    assert_eq!(found.get().await.unwrap().access_key_id, "id");
    assert!(!requests.lock().unwrap()[0].contains("authorization:"));
}

#[tokio::test]
async fn errors_do_not_repeat_the_response() {
    for response in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"AccessKeyId\":\"SECRET\"}",
        "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\n\r\nSECRET",
    ] {
        let (url, _) = server(Box::leak(Box::new([response])));
        let found = from_variables(&[(FULL_URI, &url), (AUTHORIZATION_TOKEN, "SECRET")])
            .unwrap()
            .unwrap();
        let message = found.get().await.unwrap_err().to_string();
        assert!(message.contains("endpoint") && !message.contains("SECRET"), "{message}");
    }
}

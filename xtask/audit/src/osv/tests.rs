//! Tests of OSV's client with a fake server, including malformed responses.

use super::*;
use crate::tests::fake_osv::{Behaviour, start};

const OSV_TIMEOUT: Duration = Duration::from_secs(20);

fn data() -> AdvisoryDatabase {
    let text = r#"
        [[watched]]
        component = "pkg:cargo/*"
        version_scheme = "semver"
        announcements = "https://example.org/"
        as_of = 2026-08-21
        osv = [{ ecosystem = "crates.io" }]

        [[watched]]
        component = "pkg:generic/libpng"
        version_scheme = "dotted"
        announcements = "https://example.org/"
        as_of = 2026-08-21
        osv = [{ ecosystem = "OSS-Fuzz", name = "libpng" }, { ecosystem = "GIT", name = "https://example.org/libpng" }]
    "#;
    AdvisoryDatabase::parse(&[("test", text)]).unwrap()
}

fn parts() -> [AuditedComponent; 2] {
    [
        AuditedComponent::new("tokio", "pkg:cargo/tokio", "1.0.0"),
        AuditedComponent::new("libpng", "pkg:generic/libpng", "1.6.37"),
    ]
}

fn entry(id: &str) -> Value {
    json!({"id": id, "aliases": [format!("CVE-{id}")], "summary": format!("{id} is bad")})
}

fn ask(behaviour: Behaviour) -> Result<Vec<OsvEntry>> {
    Osv::new(&start(behaviour).unwrap(), OSV_TIMEOUT).query(&data(), &parts())
}

fn ids(known: &[OsvEntry]) -> Vec<(usize, &str)> {
    known.iter().map(|known| (known.component, known.id.as_str())).collect()
}

#[test]
fn each_component_is_queried_by_all_of_its_names() {
    let mut distribution = entry("C");
    distribution["upstream"] = json!(["CVE-2026-1"]);
    let mut withdrawn = entry("D");
    withdrawn["withdrawn"] = "2026-01-01T00:00:00Z".into();
    let known = ask(Behaviour {
        entries: vec![
            ("crates.io", "tokio", "1.0.0", entry("A")),
            ("crates.io", "tokio", "1.0.1", entry("B")),
            ("OSS-Fuzz", "libpng", "1.6.37", distribution),
            ("GIT", "https://example.org/libpng", "1.6.37", withdrawn),
        ],
        ..Behaviour::default()
    })
    .unwrap();
    assert_eq!(ids(&known), [(0, "A"), (1, "C")]);
    assert_eq!(known[0].summary, "A is bad");
    assert_eq!(known[1].aliases, ["CVE-C", "CVE-2026-1"]);
    assert_eq!(count_queryable_components(&data(), &parts()), 2);
}

#[test]
fn paginated_results_are_read_completely() {
    let names = ["A", "B", "C", "D", "E"];
    let entries = names.map(|id| ("crates.io", "tokio", "1.0.0", entry(id))).to_vec();
    let known = ask(Behaviour {
        entries,
        page: 2,
        ..Behaviour::default()
    })
    .unwrap();
    assert_eq!(ids(&known), names.map(|id| (0, id)));
}

#[test]
fn an_empty_result_is_valid() {
    assert_eq!(ask(Behaviour::default()).unwrap(), []);
}

#[test]
fn invalid_responses_are_errors() {
    let endless = r#"{"results": [{"next_page_token": "1"}, {}, {}]}"#;
    let cases = [
        (500, "oops", "500"),
        (429, "{}", "429"),
        (200, "<html>Sign in to this network</html>", "is not OSV's"),
        (200, r#"{"vulns": []}"#, "is not OSV's"),
        (200, r#"{"results": []}"#, "returned 0 results"),
        (200, r#"{"results": [{"vulns": [{"id": "../x"}]}, {}, {}]}"#, "`../x`"),
        (200, endless, "returned 3 results"),
        (200, "", "is not OSV's"),
    ];
    for (status, text, said) in cases {
        let always = Some((status, text));
        let error = ask(Behaviour {
            always,
            ..Behaviour::default()
        })
        .unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn endless_pagination_is_an_error() {
    let always = Some((200, r#"{"results": [{"next_page_token": "1"}]}"#));
    let address = start(Behaviour {
        always,
        ..Behaviour::default()
    })
    .unwrap();
    let error = Osv::new(&address, OSV_TIMEOUT)
        .query(&data(), &parts()[..1])
        .unwrap_err();
    assert!(error.to_string().contains("more than 20 pages"), "{error}");
}

#[test]
fn slow_and_unreachable_servers_are_errors() {
    let delay = Duration::from_secs(30);
    let address = start(Behaviour {
        delay,
        ..Behaviour::default()
    })
    .unwrap();
    let begin = Instant::now();
    let timeout = Duration::from_millis(300);
    let error = Osv::new(&address, timeout).query(&data(), &parts()).unwrap_err();
    assert!(format!("{error:#}").contains("timeout"), "{error:#}");
    assert!(begin.elapsed() < Duration::from_secs(10));

    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    assert!(Osv::new(&address, OSV_TIMEOUT).query(&data(), &parts()).is_err());
}

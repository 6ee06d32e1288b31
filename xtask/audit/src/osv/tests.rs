//! OSV's client against a server on loopback that behaves well and badly.

use super::*;
use crate::tests::fake::{Behaviour, start};

const PATIENCE: Duration = Duration::from_secs(20);

fn data() -> Data {
    let text = r#"
        [[watched]]
        component = "pkg:cargo/*"
        order = "semver"
        news = "https://example.org/"
        as_of = 2026-08-21
        osv = [{ ecosystem = "crates.io" }]

        [[watched]]
        component = "pkg:generic/libpng"
        order = "dotted"
        news = "https://example.org/"
        as_of = 2026-08-21
        osv = [{ ecosystem = "OSS-Fuzz", name = "libpng" }, { ecosystem = "GIT", name = "https://example.org/libpng" }]
    "#;
    Data::parse(&[("test", text)]).unwrap()
}

fn parts() -> [Part; 2] {
    [
        Part::new("tokio", "pkg:cargo/tokio", "1.0.0"),
        Part::new("libpng", "pkg:generic/libpng", "1.6.37"),
    ]
}

fn entry(id: &str) -> Value {
    json!({"id": id, "aliases": [format!("CVE-{id}")], "summary": format!("{id} is bad")})
}

fn ask(behaviour: Behaviour) -> Result<Vec<Known>> {
    Osv::at(&start(behaviour).unwrap(), PATIENCE).ask(&data(), &parts())
}

fn ids(known: &[Known]) -> Vec<(usize, &str)> {
    known
        .iter()
        .map(|known| (known.part, known.id.as_str()))
        .collect()
}

#[test]
fn each_component_is_asked_for_by_all_of_its_names() {
    let mut distribution = entry("C");
    distribution["upstream"] = json!(["CVE-2026-1"]);
    let mut withdrawn = entry("D");
    withdrawn["withdrawn"] = "2026-01-01T00:00:00Z".into();
    let known = ask(Behaviour {
        knows: vec![
            ("crates.io", "tokio", "1.0.0", entry("A")),
            ("crates.io", "tokio", "1.0.1", entry("B")),
            ("OSS-Fuzz", "libpng", "1.6.37", distribution),
            ("GIT", "https://example.org/libpng", "1.6.37", withdrawn),
        ],
        ..Behaviour::default()
    })
    .unwrap();
    assert_eq!(ids(&known), [(0, "A"), (1, "C")]);
    assert_eq!(known[0].what, "A is bad");
    assert_eq!(known[1].aliases, ["CVE-C", "CVE-2026-1"]);
    assert_eq!(covered(&data(), &parts()), 2);
}

#[test]
fn an_answer_in_pages_is_read_to_its_end() {
    let names = ["A", "B", "C", "D", "E"];
    let knows = names
        .map(|id| ("crates.io", "tokio", "1.0.0", entry(id)))
        .to_vec();
    let known = ask(Behaviour {
        knows,
        page: 2,
        ..Behaviour::default()
    })
    .unwrap();
    assert_eq!(ids(&known), names.map(|id| (0, id)));
}

#[test]
fn nothing_known_is_an_answer_too() {
    assert_eq!(ask(Behaviour::default()).unwrap(), []);
}

#[test]
fn what_is_no_answer_is_an_error() {
    let endless = r#"{"results": [{"next_page_token": "1"}, {}, {}]}"#;
    let cases = [
        (500, "oops", "500"),
        (429, "{}", "429"),
        (
            200,
            "<html>Sign in to this network</html>",
            "something else than OSV",
        ),
        (200, r#"{"vulns": []}"#, "something else than OSV"),
        (200, r#"{"results": []}"#, "gave 0 answers"),
        (
            200,
            r#"{"results": [{"vulns": [{"id": "../x"}]}, {}, {}]}"#,
            "`../x`",
        ),
        (200, endless, "gave 3 answers"),
        (200, "", "something else than OSV"),
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
fn pages_without_end_are_an_error() {
    let always = Some((200, r#"{"results": [{"next_page_token": "1"}]}"#));
    let address = start(Behaviour {
        always,
        ..Behaviour::default()
    })
    .unwrap();
    let error = Osv::at(&address, PATIENCE)
        .ask(&data(), &parts()[..1])
        .unwrap_err();
    assert!(error.to_string().contains("after 20 pages"), "{error}");
}

#[test]
fn a_slow_server_and_none_at_all_are_errors() {
    let delay = Duration::from_secs(30);
    let address = start(Behaviour {
        delay,
        ..Behaviour::default()
    })
    .unwrap();
    let begin = Instant::now();
    let patience = Duration::from_millis(300);
    let error = Osv::at(&address, patience)
        .ask(&data(), &parts())
        .unwrap_err();
    assert!(format!("{error:#}").contains("timeout"), "{error:#}");
    assert!(begin.elapsed() < Duration::from_secs(10));

    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    assert!(Osv::at(&address, PATIENCE).ask(&data(), &parts()).is_err());
}

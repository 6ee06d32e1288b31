//! The proxies that the environment names, and which of them a request uses. The client's own rules do not have the
//! ports and the `*.` of `NO_PROXY` that container engines support. Source:
//! <https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config>.

use std::net::IpAddr;

use reqwest::Url;

use super::host::{Network, host_and_port, is_loopback};
use super::{Error, Result};

pub(crate) struct Proxies {
    http: Option<ProxyVariable>,
    https: Option<ProxyVariable>,
    /// The entries of `NO_PROXY`.
    exceptions: Vec<String>,
}

/// A variable that names a proxy.
pub(crate) struct ProxyVariable {
    pub name: &'static str,
    /// It may contain a password.
    pub url: String,
}

impl ProxyVariable {
    /// Whether the client can use the proxy. It ignores others.
    fn is_usable(&self) -> bool {
        let url = match self.url.contains("://") {
            true => Url::parse(&self.url),
            false => Url::parse(&format!("http://{}", self.url)),
        };
        url.is_ok_and(|url| ["http", "https"].contains(&url.scheme()))
    }
}

impl Proxies {
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name| Some((name, variable(name).filter(|value| !value.is_empty())?));
        let first = |names: [&'static str; 4]| {
            let (name, url) = names.into_iter().find_map(set)?;
            Some(ProxyVariable { name, url })
        };
        let exceptions = ["NO_PROXY", "no_proxy"].into_iter().find_map(set);
        let exceptions = exceptions.map(|(_, value)| value).unwrap_or_default();
        let exceptions = exceptions.split([',', ' ']).filter(|entry| !entry.is_empty());
        Self {
            http: first(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]),
            https: first(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            exceptions: exceptions.map(str::to_ascii_lowercase).collect(),
        }
    }

    /// Refuses a proxy for `url` that cannot be used.
    pub fn check(&self, url: &Url) -> Result<()> {
        match self.find(url) {
            Some(proxy) if !proxy.is_usable() => Err(Error::Other(format!(
                "{} does not name a proxy for HTTP; write it as http://HOST:PORT, or add {} to NO_PROXY",
                proxy.name,
                url.authority()
            ))),
            _ => Ok(()),
        }
    }

    /// The proxy for requests to the server of `url`. Servers on this machine have none, because no proxy could reach
    /// them.
    pub fn find(&self, url: &Url) -> Option<&ProxyVariable> {
        let proxy = match url.scheme() {
            "https" => &self.https,
            _ => &self.http,
        };
        let host = url.host_str()?;
        let excepted = || {
            let port = url.port_or_known_default();
            self.exceptions.iter().any(|entry| matches(entry, host, port))
        };
        proxy.as_ref().filter(|_| !is_loopback(host) && !excepted())
    }
}

/// Whether an entry is for a host: `*`, an address or a network, or a domain with its subdomains. All but networks may
/// have a port.
fn matches(entry: &str, host: &str, port: Option<u16>) -> bool {
    let address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    if let Some(network) = Network::parse(entry) {
        return address(host).is_some_and(|address| network.contains(address));
    }
    let (name, wanted) = match address(entry) {
        Some(_) => (entry, None),
        None => host_and_port(entry),
    };
    if wanted.is_some_and(|wanted| wanted.parse().ok() != port) {
        return false;
    }
    let Some(host) = address(host) else {
        let domain = name.trim_start_matches('*').trim_start_matches('.');
        let above = |domain| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        return name == "*" || host == domain || !domain.is_empty() && above(domain);
    };
    name == "*" || address(name) == Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_of_other_protocols_are_refused() {
        let refused = |value: &str, url: &str| {
            let proxies = Proxies::from_environment(&|name| (name == "HTTPS_PROXY").then(|| value.to_owned()));
            let checked = proxies.check(&Url::parse(url).unwrap());
            checked.err().map(|error| error.to_string())
        };
        for good in ["p:1", "http://u:p@p.example", "https://[::1]:1"] {
            assert_eq!(refused(good, "https://h.example/"), None, "{good}");
        }
        for bad in ["socks5://u:hidden@p:1", "http://", "://", "p:x"] {
            let error = refused(bad, "https://h.example/").unwrap();
            assert!(error.contains("HTTPS_PROXY") && error.contains("h.example"), "{error}");
            assert!(!error.contains("hidden"), "{error}");
            assert_eq!(refused(bad, "https://localhost/"), None);
            assert_eq!(refused(bad, "http://h.example/"), None);
        }
    }

    fn found(variables: &[(&str, &str)], url: &str) -> Option<&'static str> {
        let proxies = Proxies::from_environment(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        proxies.find(&Url::parse(url).unwrap()).map(|proxy| proxy.name)
    }

    #[test]
    fn variable_is_that_of_the_scheme() {
        let all = [("HTTP_PROXY", "p:1"), ("https_proxy", "p:2"), ("ALL_PROXY", "p:3")];
        assert_eq!(found(&all, "http://h.example/"), Some("HTTP_PROXY"));
        assert_eq!(found(&all, "https://h.example/"), Some("https_proxy"));
        assert_eq!(found(&all[1..], "http://h.example/"), Some("ALL_PROXY"));
        assert_eq!(found(&all[..1], "https://h.example/"), None);
        let empty = [
            ("HTTPS_PROXY", ""),
            ("https_proxy", "p:1"),
            ("NO_PROXY", ""),
            ("no_proxy", "own.example"),
        ];
        assert_eq!(found(&empty, "https://own.example/"), None);
        assert_eq!(found(&empty, "https://h.example/"), Some("https_proxy"));
        for own in ["https://localhost:5000/", "https://127.0.0.1/", "https://[::1]:5000/"] {
            assert_eq!(found(&all, own), None, "{own}");
        }
    }

    #[test]
    fn exceptions_are_hosts_domains_ports_and_networks() {
        let excepted = |entry: &str, url: &str| {
            let variables = [("ALL_PROXY", "p:1"), ("no_proxy", entry)];
            assert_eq!(found(&variables[..1], url), Some("ALL_PROXY"), "{url}");
            found(&variables, url).is_none()
        };
        for (entry, url) in [
            ("*", "http://h.example/"),
            ("*", "http://10.1.2.3/"),
            ("h.example", "http://h.example:5000/"),
            ("example", "http://h.example/"),
            (".Example", "http://h.example/"),
            ("*.example", "http://h.example/"),
            ("other, h.example:5000", "http://h.example:5000/"),
            ("h.example:443", "https://h.example/"),
            ("10.1.0.0/16", "http://10.1.2.3:5000/"),
            ("10.1.2.3", "http://10.1.2.3:5000/"),
            ("10.1.2.3:5000", "http://10.1.2.3:5000/"),
            ("fd00::1", "http://[fd00::1]:5000/"),
            ("[fd00::1]:5000", "http://[fd00::1]:5000/"),
            ("fd00::/8", "http://[fd00::1]/"),
        ] {
            assert!(excepted(entry, url), "{entry} {url}");
        }
        for (entry, url) in [
            ("", "http://h.example/"),
            (",.", "http://h.example/"),
            ("ample", "http://h.example/"),
            ("h.example:5001", "http://h.example:5000/"),
            ("h.example:443", "http://h.example/"),
            ("h.example:x", "http://h.example/"),
            ("2.3", "http://10.1.2.3/"),
            ("10.2.0.0/16", "http://10.1.2.3/"),
            ("[fd00::1]:5001", "http://[fd00::1]:5000/"),
        ] {
            assert!(!excepted(entry, url), "{entry} {url}");
        }
    }
}

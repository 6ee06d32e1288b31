//! Compares a registry's host with lists of hosts: those of the option `--plain-http`, and Docker's
//! `insecure-registries`, which also has networks.

use std::net::{IpAddr, ToSocketAddrs};

use super::host::{Network, host_and_port};

/// Whether `list` has the registry `HOST[:PORT]`. An entry without a port is for all ports of the host.
pub(crate) fn permits_plain_http(list: &[String], registry: &str) -> bool {
    list.iter().any(|entry| {
        let entry = host_of(entry);
        let any_port = host_and_port(registry).0.eq_ignore_ascii_case(entry);
        any_port || entry.eq_ignore_ascii_case(registry)
    })
}

/// Whether Docker's list has the registry, as `HOST[:PORT]` or by a network that has its address.
pub(crate) fn is_insecure(list: &[String], registry: &str) -> bool {
    if list.iter().any(|entry| host_of(entry).eq_ignore_ascii_case(registry)) {
        return true;
    }
    let networks: Vec<_> = list.iter().filter_map(|entry| Network::parse(entry)).collect();
    if networks.is_empty() {
        return false;
    }
    let addresses = addresses(registry);
    networks
        .iter()
        .any(|network| addresses.iter().any(|address| network.contains(*address)))
}

/// An entry without the scheme and the slash that some users write.
fn host_of(entry: &str) -> &str {
    let entry = entry.trim();
    let entry = entry
        .strip_prefix("http://")
        .or_else(|| entry.strip_prefix("https://"))
        .unwrap_or(entry);
    entry.trim_end_matches('/')
}

/// The addresses of a registry's host; none if they are unknown.
fn addresses(registry: &str) -> Vec<IpAddr> {
    let (host, _) = host_and_port(registry);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match (host, 443).to_socket_addrs() {
        Ok(found) => found.map(|address| address.ip()).collect(),
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn option_is_for_a_host_or_one_of_its_ports() {
        let permits = |entry: &str, registry| permits_plain_http(&list(&[entry]), registry);
        for (entry, registry) in [
            ("h.example", "h.example"),
            ("h.example", "h.example:5000"),
            ("H.Example:5000", "h.example:5000"),
            ("http://h.example:5000/", "h.example:5000"),
            ("[::2]", "[::2]:5000"),
            ("[::2]:5000", "[::2]:5000"),
        ] {
            assert!(permits(entry, registry), "{entry} {registry}");
        }
        for (entry, registry) in [
            ("h.example:5000", "h.example"),
            ("h.example:5000", "h.example:5001"),
            ("example", "h.example"),
            ("", "h.example"),
        ] {
            assert!(!permits(entry, registry), "{entry} {registry}");
        }
    }

    #[test]
    fn docker_lists_hosts_with_their_port_and_networks() {
        let insecure = |entry: &str, registry| is_insecure(&list(&["other", entry]), registry);
        for (entry, registry) in [
            ("h.example", "h.example"),
            ("http://h.example:5000", "h.example:5000"),
            ("10.1.0.0/16", "10.1.2.3:5000"),
            ("10.1.2.3/32", "10.1.2.3"),
            ("0.0.0.0/0", "10.1.2.3"),
            ("fd00::/8", "[fd00::1]:5000"),
            ("::/0", "[fd00::1]"),
            ("127.0.0.0/8", "localhost:5000"),
        ] {
            assert!(insecure(entry, registry), "{entry} {registry}");
        }
        for (entry, registry) in [
            ("h.example", "h.example:5000"),
            ("10.1.0.0/16", "10.2.2.3:5000"),
            ("10.1.0.0/33", "10.1.0.0"),
            ("10.1.0.0/x", "10.1.0.0"),
            ("fd00::/8", "10.1.2.3"),
            ("10.1.0.0/16", "host.invalid"),
        ] {
            assert!(!insecure(entry, registry), "{entry} {registry}");
        }
    }
}

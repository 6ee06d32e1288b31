//! A client of OSV, a public database of vulnerabilities: <https://google.github.io/osv.dev/api/>. Every malformed
//! response is an error, so that it is not mistaken for an empty one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::component::AuditedComponent;
use super::data::AdvisoryDatabase;

pub const ADDRESS: &str = "https://api.osv.dev";

const BATCH_SIZE: usize = 1000;

/// The limit of OSV's own responses.
const MAX_RESPONSE_BYTES: u64 = 32 << 20;

/// The pages of a response. OSV returns 1,000 vulnerabilities per page.
const MAX_PAGES: usize = 20;

pub struct Osv {
    address: String,
    agent: ureq::Agent,
    deadline: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsvEntry {
    /// The index of the queried component.
    pub component: usize,
    pub id: String,
    pub aliases: Vec<String>,
    pub summary: String,
}

#[derive(Deserialize)]
struct BatchResponse {
    results: Vec<QueryResult>,
}

#[derive(Deserialize)]
struct QueryResult {
    #[serde(default)]
    vulns: Vec<Id>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

/// The parts of <https://ossf.github.io/osv-schema/> that are used.
#[derive(Deserialize)]
struct Vulnerability {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    /// The vulnerabilities that a distribution's entry is about.
    #[serde(default)]
    upstream: Vec<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    details: String,
    withdrawn: Option<String>,
}

impl Osv {
    /// A client of `address`; `timeout` is for all of its requests together.
    pub fn new(address: &str, timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(timeout.min(Duration::from_secs(10))))
            .timeout_global(Some(timeout))
            .build();
        Self {
            address: address.trim_end_matches('/').to_owned(),
            agent: config.into(),
            deadline: Instant::now() + timeout,
        }
    }

    /// The known vulnerabilities of `parts`, without withdrawn entries.
    pub fn query(&self, data: &AdvisoryDatabase, parts: &[AuditedComponent]) -> Result<Vec<OsvEntry>> {
        let queries = queries(data, parts);
        let mut found = BTreeSet::new();
        for batch in queries.chunks(BATCH_SIZE) {
            self.batch(batch.to_vec(), &mut found)?;
        }
        let mut described: BTreeMap<&str, Vulnerability> = BTreeMap::new();
        let mut known = Vec::new();
        for (part, id) in &found {
            let entry = match described.entry(id) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.describe(id)?),
            };
            if entry.withdrawn.is_none() {
                known.push(entry.of(*part));
            }
        }
        Ok(known)
    }

    /// Requests all pages of the queries, and adds the component and ID of each result to `found`.
    fn batch(&self, mut pending: Vec<(usize, Value)>, found: &mut BTreeSet<(usize, String)>) -> Result<()> {
        for _ in 0..MAX_PAGES {
            if pending.is_empty() {
                return Ok(());
            }
            let queries: Vec<_> = pending.iter().map(|(_, query)| query).collect();
            let body = serde_json::to_vec(&json!({ "queries": queries }))?;
            let responses: BatchResponse = self.request("/v1/querybatch", Some(&body))?;
            let (asked, answered) = (pending.len(), responses.results.len());
            ensure!(
                asked == answered,
                "OSV was sent {asked} queries and returned {answered} results"
            );
            let mut open = Vec::new();
            for ((part, mut query), response) in pending.into_iter().zip(responses.results) {
                found.extend(response.vulns.into_iter().map(|Id { id }| (part, id)));
                let token = response.next_page_token.unwrap_or_default();
                if !token.is_empty() {
                    query["page_token"] = token.into();
                    open.push((part, query));
                }
            }
            pending = open;
        }
        bail!("OSV has more than {MAX_PAGES} pages of results")
    }

    fn describe(&self, id: &str) -> Result<Vulnerability> {
        // The ID becomes a part of a URL.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        ensure!(id.bytes().all(plain), "OSV returned the invalid ID `{id}`");
        let entry: Vulnerability = self.request(&format!("/v1/vulns/{id}"), None)?;
        ensure!(entry.id == id, "OSV was queried about {id} and describes {}", entry.id);
        Ok(entry)
    }

    fn request<T: DeserializeOwned>(&self, path: &str, body: Option<&[u8]>) -> Result<T> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let address = format!("{}{path}", self.address);
        let what = || format!("failed to query `{address}`");
        let response = match body {
            Some(body) => {
                let request = self.agent.post(&address).content_type("application/json");
                let request = request.config().timeout_global(Some(left)).build();
                request.send(body)
            }
            None => {
                let request = self.agent.get(&address);
                request.config().timeout_global(Some(left)).build().call()
            }
        };
        let mut response = response.with_context(what)?;
        let text = response
            .body_mut()
            .with_config()
            .limit(MAX_RESPONSE_BYTES)
            .read_to_vec();
        let text = text.with_context(what)?;
        serde_json::from_slice(&text).with_context(|| format!("the response of `{address}` is not OSV's"))
    }
}

impl Vulnerability {
    fn of(&self, part: usize) -> OsvEntry {
        let text = [&self.summary, &self.details];
        let line = text.into_iter().flat_map(|text| text.lines());
        let line = line.map(str::trim).find(|line| !line.is_empty());
        let line = line.unwrap_or("OSV does not describe it");
        OsvEntry {
            component: part,
            id: self.id.clone(),
            aliases: self.aliases.iter().chain(&self.upstream).cloned().collect(),
            summary: line.chars().take(200).collect(),
        }
    }
}

/// A query for each of OSV's names for a component, with the component's index.
fn queries(data: &AdvisoryDatabase, parts: &[AuditedComponent]) -> Vec<(usize, Value)> {
    let mut queries = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let names = data.find_watched(&part.base_purl).map(|watched| &watched.osv);
        for name in names.into_iter().flatten() {
            let (ecosystem, name) = (&name.ecosystem, name.name.as_ref().unwrap_or(&part.name));
            let package = json!({"ecosystem": ecosystem, "name": name});
            queries.push((index, json!({"package": package, "version": part.version})));
        }
    }
    queries
}

pub fn count_queryable_components(data: &AdvisoryDatabase, parts: &[AuditedComponent]) -> usize {
    let queries = queries(data, parts);
    let queried: BTreeSet<_> = queries.iter().map(|(part, _)| part).collect();
    queried.len()
}

#[cfg(test)]
mod tests;

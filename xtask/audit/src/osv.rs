//! Asks OSV, a public database of vulnerabilities, about components: <https://google.github.io/osv.dev/api/>.
//! Everything that goes wrong is an error, so that nobody takes a broken answer for an empty one.

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

/// How long an answer may be, in bytes; OSV's own limit.
const MAX_RESPONSE_BYTES: u64 = 32 << 20;

/// How often a question may be answered in part. OSV gives 1,000 vulnerabilities at once.
const MAX_PAGES: usize = 20;

pub struct Osv {
    address: String,
    agent: ureq::Agent,
    deadline: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsvEntry {
    /// The component, as the index of what was asked about.
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
    /// What a distribution's entry is about.
    #[serde(default)]
    upstream: Vec<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    details: String,
    withdrawn: Option<String>,
}

impl Osv {
    /// A way to `address` that gives up after `timeout`, whatever was answered until then.
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

    /// What is known of `parts`. Withdrawn entries are left out.
    pub fn query(
        &self,
        data: &AdvisoryDatabase,
        parts: &[AuditedComponent],
    ) -> Result<Vec<OsvEntry>> {
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

    /// Asks until nothing is left of each question, and adds component and id of each answer.
    fn batch(
        &self,
        mut pending: Vec<(usize, Value)>,
        found: &mut BTreeSet<(usize, String)>,
    ) -> Result<()> {
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
                "OSV was asked {asked} questions and gave {answered} answers"
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
        bail!("OSV had more to say after {MAX_PAGES} pages of answers")
    }

    fn describe(&self, id: &str) -> Result<Vulnerability> {
        // It goes into an address.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        ensure!(id.bytes().all(plain), "OSV names a vulnerability `{id}`");
        let entry: Vulnerability = self.request(&format!("/v1/vulns/{id}"), None)?;
        ensure!(
            entry.id == id,
            "OSV was asked about {id} and describes {}",
            entry.id
        );
        Ok(entry)
    }

    fn request<T: DeserializeOwned>(&self, path: &str, body: Option<&[u8]>) -> Result<T> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let address = format!("{}{path}", self.address);
        let what = || format!("failed to ask `{address}`");
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
        serde_json::from_slice(&text)
            .with_context(|| format!("`{address}` answers something else than OSV does"))
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

/// A question for each name that OSV has for a component, with the component's index.
fn queries(data: &AdvisoryDatabase, parts: &[AuditedComponent]) -> Vec<(usize, Value)> {
    let mut queries = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let names = data
            .find_watched(&part.base_purl)
            .map(|watched| &watched.osv);
        for name in names.into_iter().flatten() {
            let (ecosystem, name) = (&name.ecosystem, name.name.as_ref().unwrap_or(&part.name));
            let package = json!({"ecosystem": ecosystem, "name": name});
            queries.push((index, json!({"package": package, "version": part.version})));
        }
    }
    queries
}

pub fn queryable_components(data: &AdvisoryDatabase, parts: &[AuditedComponent]) -> usize {
    let queries = queries(data, parts);
    BTreeSet::from_iter(queries.iter().map(|(part, _)| part)).len()
}

#[cfg(test)]
mod tests;

//! Asks OSV, a public database of vulnerabilities, about components: <https://google.github.io/osv.dev/api/>.
//! Everything that goes wrong is an error, so that nobody takes a broken answer for an empty one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::data::Data;
use super::part::Part;

pub const ADDRESS: &str = "https://api.osv.dev";

const BATCH: usize = 1000;

/// How long an answer may be, in bytes; OSV's own limit.
const LONGEST: u64 = 32 << 20;

/// How often a question may be answered in part. OSV gives 1,000 vulnerabilities at once.
const PAGES: usize = 20;

pub struct Osv {
    address: String,
    agent: ureq::Agent,
    end: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The component, as the index of what was asked about.
    pub part: usize,
    pub id: String,
    pub aliases: Vec<String>,
    pub what: String,
}

#[derive(Deserialize)]
struct Answers {
    results: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
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
    /// A way to `address` that gives up after `patience`, whatever was answered until then.
    pub fn at(address: &str, patience: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(patience.min(Duration::from_secs(10))))
            .timeout_global(Some(patience))
            .build();
        Self {
            address: address.trim_end_matches('/').to_owned(),
            agent: config.into(),
            end: Instant::now() + patience,
        }
    }

    /// What is known of `parts`. Withdrawn entries are left out.
    pub fn ask(&self, data: &Data, parts: &[Part]) -> Result<Vec<Known>> {
        let questions = questions(data, parts);
        let mut found = BTreeSet::new();
        for batch in questions.chunks(BATCH) {
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
        mut questions: Vec<(usize, Value)>,
        found: &mut BTreeSet<(usize, String)>,
    ) -> Result<()> {
        for _ in 0..PAGES {
            if questions.is_empty() {
                return Ok(());
            }
            let queries: Vec<_> = questions.iter().map(|(_, query)| query).collect();
            let body = serde_json::to_vec(&json!({ "queries": queries }))?;
            let answers: Answers = self.request("/v1/querybatch", Some(&body))?;
            let (asked, answered) = (questions.len(), answers.results.len());
            ensure!(
                asked == answered,
                "OSV was asked {asked} questions and gave {answered} answers"
            );
            let mut open = Vec::new();
            for ((part, mut query), answer) in questions.into_iter().zip(answers.results) {
                found.extend(answer.vulns.into_iter().map(|Id { id }| (part, id)));
                let token = answer.next_page_token.unwrap_or_default();
                if !token.is_empty() {
                    query["page_token"] = token.into();
                    open.push((part, query));
                }
            }
            questions = open;
        }
        bail!("OSV had more to say after {PAGES} pages of answers")
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
        let left = self.end.saturating_duration_since(Instant::now());
        let address = format!("{}{path}", self.address);
        let what = || format!("failed to ask `{address}`");
        let answer = match body {
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
        let mut answer = answer.with_context(what)?;
        let text = answer.body_mut().with_config().limit(LONGEST).read_to_vec();
        let text = text.with_context(what)?;
        serde_json::from_slice(&text)
            .with_context(|| format!("`{address}` answers something else than OSV does"))
    }
}

impl Vulnerability {
    fn of(&self, part: usize) -> Known {
        let text = [&self.summary, &self.details];
        let line = text.into_iter().flat_map(|text| text.lines());
        let line = line.map(str::trim).find(|line| !line.is_empty());
        let line = line.unwrap_or("OSV does not describe it");
        Known {
            part,
            id: self.id.clone(),
            aliases: self.aliases.iter().chain(&self.upstream).cloned().collect(),
            what: line.chars().take(200).collect(),
        }
    }
}

/// A question for each name that OSV has for a component, with the component's index.
fn questions(data: &Data, parts: &[Part]) -> Vec<(usize, Value)> {
    let mut questions = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let names = data.watching(&part.component).map(|watched| &watched.osv);
        for name in names.into_iter().flatten() {
            let (ecosystem, name) = (&name.ecosystem, name.name.as_ref().unwrap_or(&part.name));
            let package = json!({"ecosystem": ecosystem, "name": name});
            questions.push((index, json!({"package": package, "version": part.version})));
        }
    }
    questions
}

pub fn covered(data: &Data, parts: &[Part]) -> usize {
    let questions = questions(data, parts);
    BTreeSet::from_iter(questions.iter().map(|(part, _)| part)).len()
}

#[cfg(test)]
mod tests;

//! A fake OSV server on loopback, with configurable failures.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// Ecosystem, package and version, and their vulnerability.
    pub entries: Vec<(&'static str, &'static str, &'static str, Value)>,
    /// The vulnerabilities of a package per page; 0 for all.
    pub page: usize,
    /// The status and body of all responses.
    pub always: Option<(u16, &'static str)>,
    /// The delay before each response.
    pub delay: Duration,
}

/// Starts the server; it serves until the process ends. Returns its address.
pub fn start(behaviour: Behaviour) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let behaviour = behaviour.clone();
            // Some tests are about clients that give up.
            thread::spawn(move || behaviour.serve(stream).ok());
        }
    });
    Ok(address)
}

impl Behaviour {
    fn serve(&self, mut stream: TcpStream) -> Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut first = String::new();
        reader.read_line(&mut first)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        thread::sleep(self.delay);
        let path = first.split(' ').nth(1).unwrap_or_default();
        let (status, text) = match self.always {
            Some((status, text)) => (status, text.to_owned()),
            None => match self.response(path, &body) {
                Some(response) => (200, response.to_string()),
                None => (404, "{}".to_owned()),
            },
        };
        let length = text.len();
        write!(
            stream,
            "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{text}"
        )?;
        Ok(())
    }

    fn response(&self, path: &str, body: &[u8]) -> Option<Value> {
        if let Some(id) = path.strip_prefix("/v1/vulns/") {
            let known = self.entries.iter().find(|(.., entry)| entry["id"] == id);
            return known.map(|(.., entry)| entry.clone());
        }
        let asked: Value = serde_json::from_slice(body).ok()?;
        let queries = asked["queries"].as_array()?;
        (path == "/v1/querybatch")
            .then(|| json!({"results": queries.iter().map(|q| self.result(q)).collect::<Vec<_>>()}))
    }

    fn result(&self, query: &Value) -> Value {
        let package = &query["package"];
        let ids = self.entries.iter().filter(|(ecosystem, name, version, _)| {
            package["ecosystem"] == *ecosystem && package["name"] == *name && query["version"] == *version
        });
        let ids: Vec<_> = ids.map(|(.., entry)| json!({"id": entry["id"]})).collect();
        let token = query["page_token"].as_str().unwrap_or("0");
        let start: usize = token.parse().unwrap_or(ids.len());
        let end = match self.page {
            0 => ids.len(),
            page => ids.len().min(start + page),
        };
        // OSV omits empty fields.
        let mut result = json!({});
        if start < end {
            result["vulns"] = ids[start..end].into();
        }
        if end < ids.len() {
            result["next_page_token"] = end.to_string().into();
        }
        result
    }
}

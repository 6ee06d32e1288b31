//! A proxy in front of a registry that does to single requests what networks and bad registries do.
//! Each connection carries one request, so that the one that is broken is known.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result};

use crate::local::process::lock;

/// What is done to a request.
pub enum Fault {
    /// Nothing.
    Pass,
    /// It is answered with this status and these headers, and the registry never sees it.
    Answer(&'static str),
    /// Only so many bytes of its body pass, then the connection breaks.
    CutRequest(u64),
    /// Only so many bytes of the answer's body pass, then the connection breaks.
    CutAnswer(usize),
    /// The answer has another body.
    Change(fn(&mut Vec<u8>)),
}

/// A request.
#[derive(Clone)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path, with the query.
    pub path: String,
    /// The part that it asks for.
    pub range: Option<String>,
    /// The length of its body.
    pub length: u64,
    head: String,
}

type Faults = Box<dyn FnMut(&Request) -> Fault + Send>;

/// The proxy.
pub struct Proxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    faults: Arc<Mutex<Faults>>,
}

impl Proxy {
    /// Starts a proxy for the registry at `upstream` that does nothing.
    pub fn start(upstream: &str) -> Result<Self> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).context("failed to open a loopback port")?;
        let proxy = Self {
            address: listener.local_addr()?,
            seen: Arc::default(),
            faults: Arc::new(Mutex::new(Box::new(|_| Fault::Pass))),
        };
        let (seen, faults) = (Arc::clone(&proxy.seen), Arc::clone(&proxy.faults));
        let upstream = upstream.to_owned();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (seen, faults) = (Arc::clone(&seen), Arc::clone(&faults));
                let upstream = upstream.clone();
                thread::spawn(move || {
                    // Whoever breaks a connection off knows why.
                    let _ = serve(&client, &upstream, &seen, &faults);
                });
            }
        });
        Ok(proxy)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does from now on what `faults` says, and forgets the requests before.
    pub fn set(&self, faults: impl FnMut(&Request) -> Fault + Send + 'static) {
        *lock(&self.faults) = Box::new(faults);
        self.clear();
    }

    /// Forgets the requests.
    pub fn clear(&self) {
        lock(&self.seen).clear();
    }

    /// The requests with a method, or any, and with this in their path.
    pub fn take(&self, method: &str, path: &str) -> Vec<Request> {
        let seen = lock(&self.seen).clone();
        let fits = |request: &Request| {
            (method.is_empty() || request.method == method) && request.path.contains(path)
        };
        seen.into_iter().filter(fits).collect()
    }
}

fn serve(
    client: &TcpStream,
    upstream: &str,
    seen: &Mutex<Vec<Request>>,
    faults: &Mutex<Faults>,
) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    let Some(request) = read(&mut reader)? else {
        return Ok(());
    };
    lock(seen).push(request.clone());
    let fault = (*lock(faults))(&request);
    let mut client = client;
    let mut body = reader.take(request.length);
    if let Fault::Answer(answer) = fault {
        // A client that is still sending would not hear it.
        io::copy(&mut body, &mut io::sink())?;
        return write!(
            client,
            "HTTP/1.1 {answer}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
    }
    let mut registry = TcpStream::connect(upstream)?;
    registry.write_all(request.head.as_bytes())?;
    if let Fault::CutRequest(length) = fault {
        io::copy(&mut body.take(length), &mut registry)?;
        return Ok(());
    }
    io::copy(&mut body, &mut registry)?;
    let mut answer = Vec::new();
    registry.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let mut body = answer.split_off(end.map_or(answer.len(), |end| end + 4));
    match fault {
        Fault::CutAnswer(length) => body.truncate(length),
        Fault::Change(change) => {
            change(&mut body);
            let head = String::from_utf8_lossy(&answer).into_owned();
            let lines = head.split("\r\n").filter(|line| !line.is_empty());
            let kept = lines.filter(|line| !is(line, "content-length"));
            let kept: Vec<_> = kept.collect();
            let head = format!(
                "{}\r\ncontent-length: {}\r\n\r\n",
                kept.join("\r\n"),
                body.len()
            );
            answer = head.into_bytes();
        }
        Fault::Pass | Fault::Answer(_) | Fault::CutRequest(_) => {}
    }
    client.write_all(&answer)?;
    client.write_all(&body)
}

/// Whether a line is the header `name`.
fn is(line: &str, name: &str) -> bool {
    line.split_once(':')
        .is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
}

/// A request without its body, as it is passed on: its connection is not used again.
fn read(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let first = lines.first().cloned().unwrap_or_default();
    let mut words = first.split(' ').map(str::to_owned);
    let value = |name: &str| {
        let line = lines.iter().find(|line| is(line, name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let (range, length) = (value("range"), value("content-length"));
    let kept = lines.iter().filter(|line| !is(line, "connection"));
    let head = kept.map(|line| format!("{line}\r\n")).collect::<String>();
    Ok(Some(Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        range,
        length: length.and_then(|length| length.parse().ok()).unwrap_or(0),
        head: head + "connection: close\r\n\r\n",
    }))
}

//! A proxy in front of a server that does to single requests what networks and bad servers do. Each
//! connection carries one request, so that the one that is broken is known.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::net::sockopt::set_socket_linger;

use support::process::lock_ignoring_poison;

/// What is done to a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing.
    Pass,
    /// It is answered with this status and these headers, and the server never sees it.
    Respond(&'static str),
    /// The same with a body.
    RespondWithBody(&'static str, &'static str),
    /// These bytes are the answer, whatever they are, and the server never sees it.
    Raw(Vec<u8>),
    /// It is passed on after that time.
    Delay(Duration),
    /// The connection is closed as soon as the request's head has come.
    Close,
    /// The connection is reset then.
    Reset,
    /// Only so many bytes of its body pass, then the connection breaks.
    TruncateRequest(u64),
    /// The server does what it asks for, and the answer is lost.
    DropResponse,
    /// Only so many bytes of the answer's body pass, then the connection breaks.
    TruncateResponse(usize),
    /// The same, and the connection is reset.
    ResetResponse(usize),
    /// After so many bytes of the answer's body nothing comes for that time, then the rest.
    Stall(usize, Duration),
    /// The answer has another body, and the length of that.
    RewriteBody(fn(&mut Vec<u8>)),
    /// The answer has this header instead of its own, and its own body.
    ReplaceHeader(&'static str, String),
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
    /// Starts a proxy for the server at `upstream` that does nothing.
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
    pub fn set_faults(&self, faults: impl FnMut(&Request) -> Fault + Send + 'static) {
        *lock_ignoring_poison(&self.faults) = Box::new(faults);
        self.clear_requests();
    }

    /// Forgets the requests.
    pub fn clear_requests(&self) {
        lock_ignoring_poison(&self.seen).clear();
    }

    /// The requests with a method, or any, and with this in their path.
    pub fn requests(&self, method: &str, path: &str) -> Vec<Request> {
        let seen = lock_ignoring_poison(&self.seen).clone();
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
    let Some(request) = read_request(&mut reader)? else {
        return Ok(());
    };
    lock_ignoring_poison(seen).push(request.clone());
    let fault = (*lock_ignoring_poison(faults))(&request);
    let mut body = reader.take(request.length);
    let response = match &fault {
        Fault::Respond(head) => Some(
            format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into(),
        ),
        Fault::RespondWithBody(head, body) => {
            let length = body.len();
            let rest = format!("connection: close\r\ncontent-length: {length}\r\n\r\n{body}");
            Some(format!("HTTP/1.1 {head}\r\n{rest}").into())
        }
        Fault::Raw(bytes) => Some(bytes.clone()),
        _ => None,
    };
    if let Some(response) = response {
        // A client that is still sending would not hear it.
        io::copy(&mut body, &mut io::sink())?;
        let mut client = client;
        return client.write_all(&response);
    }
    match fault {
        Fault::Close => return Ok(()),
        Fault::Reset => return reset(client),
        Fault::Delay(time) => thread::sleep(time),
        _ => {}
    }
    let mut server = TcpStream::connect(upstream)?;
    server.write_all(request.head.as_bytes())?;
    if let Fault::TruncateRequest(length) = fault {
        io::copy(&mut body.take(length), &mut server)?;
        return Ok(());
    }
    io::copy(&mut body, &mut server)?;
    let mut response = Vec::new();
    server.read_to_end(&mut response)?;
    send_response(client, &fault, response)
}

/// Gives the client what is left of the server's answer.
fn send_response(mut client: &TcpStream, fault: &Fault, mut response: Vec<u8>) -> io::Result<()> {
    let end = response.windows(4).position(|four| four == b"\r\n\r\n");
    let mut body = response.split_off(end.map_or(response.len(), |end| end + 4));
    match fault {
        Fault::DropResponse => return Ok(()),
        Fault::TruncateResponse(length) | Fault::ResetResponse(length) => body.truncate(*length),
        Fault::Stall(length, time) => {
            let rest = body.split_off(body.len().min(*length));
            client.write_all(&response)?;
            client.write_all(&body)?;
            thread::sleep(*time);
            return client.write_all(&rest);
        }
        Fault::RewriteBody(change) => {
            change(&mut body);
            let length = body.len().to_string();
            response = with_header(&response, "content-length", &length);
        }
        Fault::ReplaceHeader(name, value) => response = with_header(&response, name, value),
        _ => {}
    }
    client.write_all(&response)?;
    client.write_all(&body)?;
    if matches!(fault, Fault::ResetResponse(_)) {
        return reset(client);
    }
    Ok(())
}

/// Breaks a connection off so that the other side has an error, and not an end.
fn reset(client: &TcpStream) -> io::Result<()> {
    // Without lingering, closing resets; whoever owns the connection closes it next.
    Ok(set_socket_linger(client, Some(Duration::ZERO))?)
}

/// The head of an answer with another value for a header.
fn with_header(head: &[u8], name: &str, value: &str) -> Vec<u8> {
    let head = String::from_utf8_lossy(head).into_owned();
    let lines = head.split("\r\n").filter(|line| !line.is_empty());
    let kept: Vec<_> = lines.filter(|line| !has_name(line, name)).collect();
    format!("{}\r\n{name}: {value}\r\n\r\n", kept.join("\r\n")).into_bytes()
}

/// Whether a line is the header `name`.
fn has_name(line: &str, name: &str) -> bool {
    line.split_once(':')
        .is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
}

/// A request without its body, as it is passed on: its connection is not used again.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
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
        let line = lines.iter().find(|line| has_name(line, name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let (range, length) = (value("range"), value("content-length"));
    let kept = lines.iter().filter(|line| !has_name(line, "connection"));
    let head = kept.map(|line| format!("{line}\r\n")).collect::<String>();
    Ok(Some(Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        range,
        length: length.and_then(|length| length.parse().ok()).unwrap_or(0),
        head: head + "connection: close\r\n\r\n",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers every request with ten bytes.
    fn server() -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut reader = BufReader::new(&client);
                let _ = read_request(&mut reader);
                let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\netag: \"e\"\r\n\r\n";
                let _ = (&client).write_all(format!("{head}0123456789").as_bytes());
            }
        });
        address
    }

    #[test]
    fn each_fault_has_its_effect() {
        let proxy = Proxy::start(&server()).unwrap();
        let whole = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\netag: \"e\"\r\n\r\n0123456789";
        let longer = Fault::ReplaceHeader("content-length", "99".to_owned());
        for (fault, expected) in [
            (Fault::Pass, Some(whole)),
            (Fault::Delay(Duration::from_millis(1)), Some(whole)),
            (Fault::Stall(4, Duration::from_millis(1)), Some(whole)),
            (
                Fault::RespondWithBody("503 Slow Down", "busy"),
                Some(
                    "HTTP/1.1 503 Slow Down\r\nconnection: close\r\ncontent-length: 4\r\n\r\nbusy",
                ),
            ),
            (Fault::Raw(b"what".to_vec()), Some("what")),
            (Fault::Close, Some("")),
            (Fault::DropResponse, Some("")),
            (Fault::Reset, None),
            (Fault::TruncateResponse(3), Some(&whole[..whole.len() - 7])),
            (Fault::ResetResponse(3), None),
            (
                longer,
                Some("HTTP/1.1 200 OK\r\netag: \"e\"\r\ncontent-length: 99\r\n\r\n0123456789"),
            ),
            (
                Fault::RewriteBody(|body| body.truncate(2)),
                Some("HTTP/1.1 200 OK\r\netag: \"e\"\r\ncontent-length: 2\r\n\r\n01"),
            ),
        ] {
            let shown = format!("{fault:?}");
            proxy.set_faults(move |_| fault.clone());
            let mut client = TcpStream::connect(proxy.address()).unwrap();
            client
                .write_all(b"GET /a HTTP/1.1\r\nhost: h\r\n\r\n")
                .unwrap();
            let mut response = Vec::new();
            let read = client.read_to_end(&mut response);
            match expected {
                Some(expected) => {
                    read.unwrap();
                    assert_eq!(String::from_utf8(response).unwrap(), expected, "{shown}");
                }
                None => assert!(read.is_err(), "{shown}"),
            }
            assert_eq!(proxy.requests("GET", "/a").len(), 1);
        }
    }
}

//! A reverse proxy that injects faults of networks and servers into single requests. Each connection carries one
//! request, so that a fault affects only that one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::net::sockopt::set_socket_linger;

use support::sync::lock_ignoring_poison;

#[derive(Clone, Debug)]
pub enum Fault {
    /// Forwards the request without a fault.
    Pass,
    /// Responds with this status and these headers, without forwarding the request.
    Respond(&'static str),
    /// Like `Respond`, with a body.
    RespondWithBody(&'static str, &'static str),
    /// Responds with these bytes, which need not be HTTP, without forwarding the request.
    Raw(Vec<u8>),
    /// Forwards the request after this time.
    Delay(Duration),
    /// Closes the connection after the request's headers.
    Close,
    /// Resets the connection after the request's headers.
    Reset,
    /// Closes both connections after this number of bytes of the request's body.
    TruncateRequest(u64),
    /// Forwards the request, but closes the connection without the response.
    DropResponse,
    /// Closes the connection after this number of bytes of the response's body.
    TruncateResponse(usize),
    /// Like `TruncateResponse`, but resets the connection.
    ResetResponse(usize),
    /// Pauses after this number of bytes of the response's body.
    Stall(usize, Duration),
    /// Changes the response's body, and its `content-length` accordingly.
    RewriteBody(fn(&mut Vec<u8>)),
    /// Sets a header of the response, and leaves its body unchanged.
    ReplaceHeader(&'static str, String),
}

#[derive(Clone)]
pub struct Request {
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// The header `range`.
    pub range: Option<String>,
    /// The length of the body in bytes.
    pub length: u64,
    head: String,
}

type Faults = Box<dyn FnMut(&Request) -> Fault + Send>;

pub struct Proxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    faults: Arc<Mutex<Faults>>,
}

impl Proxy {
    /// Starts a proxy for the server at `upstream`, at first without faults.
    pub fn start(upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("failed to open a loopback port")?;
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
                    // Errors are the faults that the test has injected.
                    let _ = serve(&client, &upstream, &seen, &faults);
                });
            }
        });
        Ok(proxy)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the function that selects faults, and clears the recorded requests.
    pub fn set_faults(&self, faults: impl FnMut(&Request) -> Fault + Send + 'static) {
        *lock_ignoring_poison(&self.faults) = Box::new(faults);
        self.clear_requests();
    }

    pub fn clear_requests(&self) {
        lock_ignoring_poison(&self.seen).clear();
    }

    /// The recorded requests whose path contains `path`, with the method `method` or, if that is empty, any.
    pub fn requests(&self, method: &str, path: &str) -> Vec<Request> {
        let seen = lock_ignoring_poison(&self.seen).clone();
        let fits = |request: &Request| (method.is_empty() || request.method == method) && request.path.contains(path);
        seen.into_iter().filter(fits).collect()
    }
}

fn serve(client: &TcpStream, upstream: &str, seen: &Mutex<Vec<Request>>, faults: &Mutex<Faults>) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    let Some(request) = read_request(&mut reader)? else {
        return Ok(());
    };
    lock_ignoring_poison(seen).push(request.clone());
    let fault = (*lock_ignoring_poison(faults))(&request);
    let mut body = reader.take(request.length);
    let response = match &fault {
        Fault::Respond(head) => {
            Some(format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into())
        }
        Fault::RespondWithBody(head, body) => {
            let length = body.len();
            let rest = format!("connection: close\r\ncontent-length: {length}\r\n\r\n{body}");
            Some(format!("HTTP/1.1 {head}\r\n{rest}").into())
        }
        Fault::Raw(bytes) => Some(bytes.clone()),
        _ => None,
    };
    if let Some(response) = response {
        // A client that is still sending would not read the response.
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

/// Sends the server's response to the client, with the fault applied.
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

/// Makes closing the connection reset it, so that the client gets an error instead of an end.
fn reset(client: &TcpStream) -> io::Result<()> {
    Ok(set_socket_linger(client, Some(Duration::ZERO))?)
}

/// Sets a header in the head of a response.
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

/// Reads a request up to its body. Its head, as it is forwarded, has `connection: close`.
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
    let head = kept.flat_map(|line| [line, "\r\n"]).collect::<String>();
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

    /// A server that responds to every request with ten bytes.
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
                Some("HTTP/1.1 503 Slow Down\r\nconnection: close\r\ncontent-length: 4\r\n\r\nbusy"),
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
            client.write_all(b"GET /a HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
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

//! A registry on a loopback port that responds as a test says, with or without TLS.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::super::{RegistryImage, RetryPolicy};

pub const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// The headers by lowercase names.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Whether the method is the same and the path contains `path`.
    pub fn matches(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path.contains(path)
    }
}

#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The number of bytes of the body after which the connection breaks.
    pub truncate_at: Option<usize>,
    /// Whether to use chunked transfer encoding, without a Content-Length.
    pub chunked: bool,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            truncate_at: None,
            chunked: false,
        }
    }

    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

type Answer = dyn Fn(&Request, usize) -> Reply + Send + Sync;

pub struct FakeRegistry {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl FakeRegistry {
    /// `answer` gets the request and the number of requests before it.
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve_with(answer, |socket, answer, log| serve(socket, answer, log))
    }

    /// A registry that speaks TLS only.
    pub fn start_tls(
        tls: Arc<ServerConfig>,
        answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::serve_with(answer, move |socket, answer, log| {
            let connection = ServerConnection::new(tls.clone()).map_err(std::io::Error::other)?;
            serve(StreamOwned::new(connection, socket), answer, log)
        })
    }

    fn serve_with(
        answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
        serve: impl Fn(TcpStream, &Answer, &Mutex<Vec<Request>>) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let serve = Arc::new(serve);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), requests.clone());
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (answer, log, serve) = (answer.clone(), log.clone(), serve.clone());
                thread::spawn(move || {
                    // A client that closes the connection is not a failure of the test.
                    let _ = serve(socket, &*answer, &log);
                });
            }
        });
        Self { address, requests }
    }

    /// The image `tests/image` of this registry, with short delays between retries.
    pub fn image(&self, version: &str) -> RegistryImage {
        let mut image = RegistryImage::parse(&format!("{}/tests/image{version}", self.address)).unwrap();
        image.retry_policy = RetryPolicy {
            max_attempts: 4,
            initial_backoff: Duration::from_millis(5),
            max_backoff: Duration::from_secs(3),
            max_retry_after: Duration::from_secs(3),
            max_total_delay: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(30),
            commit_timeout: Duration::from_secs(30),
        };
        image
    }

    /// The requests since the last call, each as its method, path and range.
    pub fn request_lines(&self) -> Vec<String> {
        let requests = self.requests().into_iter();
        let lines = requests.map(|request| {
            let path = request.path.replace("/v2/tests/image/", "");
            let line = format!("{} {path} {}", request.method, request.header("range"));
            line.trim_end().to_owned()
        });
        lines.collect()
    }

    /// The requests since the last call.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// The first byte of a TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

fn serve(socket: impl Read + Write, answer: &Answer, log: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(socket);
    if reader.fill_buf()?.first() == Some(&TLS_HANDSHAKE) {
        return reader
            .get_mut()
            .write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
    }
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Ok(());
    };
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let request = Request {
        method,
        path,
        headers,
        body,
    };
    let before = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };
    let reply = answer(&request, before);
    let mut head = format!("HTTP/1.1 {} Fine\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let length = reply.body.len();
    head += &match reply.chunked {
        true => "transfer-encoding: chunked\r\n\r\n".to_owned(),
        false => format!("content-length: {length}\r\n\r\n"),
    };
    let socket = reader.get_mut();
    socket.write_all(head.as_bytes())?;
    if request.method == "HEAD" {
        return socket.flush();
    }
    let sent = &reply.body[..reply.truncate_at.unwrap_or(length)];
    if !reply.chunked {
        socket.write_all(sent)?;
        return socket.flush();
    }
    for chunk in sent.chunks(1 << 16) {
        write!(socket, "{:x}\r\n", chunk.len())?;
        socket.write_all(chunk)?;
        socket.write_all(b"\r\n")?;
    }
    if reply.truncate_at.is_none() {
        socket.write_all(b"0\r\n\r\n")?;
    }
    socket.flush()
}

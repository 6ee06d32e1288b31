//! An in-memory registry on a loopback port. It behaves correctly except where a test changes it.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use layer::Digest;
use serde_json::{Value, json};

use super::super::manifest::DIGEST_HEADER;
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

#[derive(Clone, Default)]
pub struct RegistryContents {
    /// By digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// By tag and by digest, with their media types.
    pub manifests: BTreeMap<String, (String, Vec<u8>)>,
}

impl RegistryContents {
    /// An image with the tag `latest`.
    pub fn image(layers: &[Vec<u8>]) -> Self {
        let mut contents = Self::default();
        contents.add_image("amd64", layers, "latest");
        contents
    }

    /// Adds an image for one architecture; returns its entry for an index.
    pub fn add_image(&mut self, architecture: &str, layers: &[Vec<u8>], tag: &str) -> Value {
        let config = json!({"architecture": architecture, "os": "linux"}).to_string();
        let mut entries = vec![self.add_blob(config.as_bytes())];
        entries.extend(layers.iter().map(|layer| self.add_blob(layer)));
        let manifest = json!({"schemaVersion": 2, "mediaType": IMAGE,
            "config": entries[0], "layers": entries[1..]});
        let mut entry = self.add_manifest(IMAGE, &manifest, tag);
        entry["platform"] = json!({"architecture": architecture, "os": "linux"});
        entry
    }

    /// Adds a manifest or an index of the media type `kind`; returns its descriptor.
    pub fn add_manifest(&mut self, kind: &str, manifest: &Value, tag: &str) -> Value {
        let bytes = manifest.to_string().into_bytes();
        let (digest, size) = (Digest::of(&bytes).to_string(), bytes.len());
        for name in [tag, &digest] {
            let stored = (kind.to_owned(), bytes.clone());
            self.manifests.insert(name.to_owned(), stored);
        }
        json!({"mediaType": kind, "digest": digest, "size": size})
    }

    fn add_blob(&mut self, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes).to_string();
        self.blobs.insert(digest.clone(), bytes.to_vec());
        json!({"mediaType": "application/octet-stream", "digest": digest, "size": bytes.len()})
    }

    /// The digest of the first layer of the image `latest`.
    pub fn layer_digest(&self) -> String {
        let manifest: Value = serde_json::from_slice(&self.manifests["latest"].1).unwrap();
        manifest["layers"][0]["digest"].as_str().unwrap().to_owned()
    }

    /// The correct response of a read-only registry.
    pub fn respond(&self, request: &Request) -> Reply {
        let name = request.path.rsplit('/').next().unwrap();
        let body = if request.path.contains("/manifests/") {
            let found = self.manifests.get(name);
            found.map(|(kind, bytes)| {
                let reply = Reply::new(200, bytes.clone()).with_header("content-type", kind);
                reply.with_header(DIGEST_HEADER, Digest::of(bytes).to_string())
            })
        } else {
            let found = self.blobs.get(name);
            found.map(|bytes| range_reply(bytes, request.header("range")))
        };
        body.unwrap_or_else(|| Reply::new(404, r#"{"errors": [{"code": "UNKNOWN", "message": "unknown"}]}"#))
    }
}

fn range_reply(bytes: &[u8], range: &str) -> Reply {
    let from = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
    let Some(from) = from.map(|from| from.parse::<usize>().unwrap()) else {
        return Reply::new(200, bytes);
    };
    if from >= bytes.len() {
        return Reply::new(416, "");
    }
    let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
    Reply::new(206, &bytes[from..]).with_header("content-range", range)
}

pub struct FakeRegistry {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl FakeRegistry {
    /// `answer` gets the request and the number of requests before it.
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), requests.clone());
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (answer, log) = (answer.clone(), log.clone());
                thread::spawn(move || {
                    // A client that closes the connection is not a failure of the test.
                    let _ = serve(&socket, &*answer, &log);
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

fn serve(
    socket: &TcpStream,
    answer: &dyn Fn(&Request, usize) -> Reply,
    log: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(socket);
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
    let mut socket = socket;
    socket.write_all(head.as_bytes())?;
    if request.method == "HEAD" {
        return Ok(());
    }
    let sent = &reply.body[..reply.truncate_at.unwrap_or(length)];
    if !reply.chunked {
        return socket.write_all(sent);
    }
    for chunk in sent.chunks(1 << 16) {
        write!(socket, "{:x}\r\n", chunk.len())?;
        socket.write_all(chunk)?;
        socket.write_all(b"\r\n")?;
    }
    match reply.truncate_at {
        None => socket.write_all(b"0\r\n\r\n"),
        Some(_) => Ok(()),
    }
}

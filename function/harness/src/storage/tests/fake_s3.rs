//! A fake S3 that keeps connections alive, has every object, and records requests.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The connection's number from 1, and method and path.
pub type RequestLine = (usize, String);

/// Runs until the test process ends.
#[derive(Clone)]
pub struct FakeS3 {
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    connections: usize,
    requests: Vec<RequestLine>,
}

impl FakeS3 {
    /// `content` returns the content of the object at a path.
    pub fn start(content: impl Fn(&str) -> Vec<u8> + Send + Clone + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let s3 = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::default(),
        };
        let server = s3.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let number = server.update(|state| {
                    state.connections += 1;
                    state.connections
                });
                let (server, content) = (server.clone(), content.clone());
                std::thread::spawn(move || server.serve(number, socket.unwrap(), content));
            }
        });
        s3
    }

    fn serve(&self, number: usize, socket: TcpStream, content: impl Fn(&str) -> Vec<u8>) {
        let mut lines = BufReader::new(socket);
        loop {
            let mut request_line = String::new();
            if lines.read_line(&mut request_line).unwrap_or(0) == 0 {
                return;
            }
            let mut length = 0;
            loop {
                let mut line = String::new();
                lines.read_line(&mut line).unwrap();
                let line = line.trim_end().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            std::io::Read::read_exact(&mut lines, &mut vec![0; length]).unwrap();
            let mut words = request_line.split(' ');
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let body = match method {
                "GET" => content(path),
                _ => Vec::new(),
            };
            let request_line = format!("{method} {path}");
            self.update(|state| state.requests.push((number, request_line)));
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\netag: \"e\"\r\n\
                 last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n",
                body.len()
            );
            let response = [head.into_bytes(), body].concat();
            lines.get_mut().write_all(&response).unwrap();
        }
    }

    fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Opens a connection and counts those before it. Connections are accepted in order, so none is missed.
    pub fn connections_before_probe(&self) -> usize {
        let mut socket = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        socket.write_all(b"GET /probe HTTP/1.1\r\n\r\n").unwrap();
        std::io::Read::read_exact(&mut socket, &mut [0]).unwrap();
        let requests = self.requests();
        let probe = requests.iter().rfind(|(_, line)| line == "GET /probe");
        probe.unwrap().0 - 1
    }

    pub fn requests(&self) -> Vec<RequestLine> {
        self.state.lock().unwrap().requests.clone()
    }
}

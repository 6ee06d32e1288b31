//! A stand-in for S3 that keeps connections, has any object, and notes what it is asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What it was asked: the connection's number and the request's first line.
pub type Asked = (usize, String);

/// The stand-in, which lasts as long as the test's process.
#[derive(Clone)]
pub struct Site {
    pub url: String,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    connections: usize,
    asked: Vec<Asked>,
}

impl Site {
    /// One whose objects are `content` of their keys.
    pub fn start(content: impl Fn(&str) -> Vec<u8> + Send + Clone + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let site = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            notes: Arc::default(),
        };
        let here = site.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let number = here.note(|notes| {
                    notes.connections += 1;
                    notes.connections
                });
                let (here, content) = (here.clone(), content.clone());
                std::thread::spawn(move || here.serve(number, socket.unwrap(), content));
            }
        });
        site
    }

    fn serve(&self, number: usize, socket: TcpStream, content: impl Fn(&str) -> Vec<u8>) {
        let mut lines = BufReader::new(socket);
        loop {
            let mut first = String::new();
            if lines.read_line(&mut first).unwrap_or(0) == 0 {
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
            let mut words = first.split(' ');
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let body = match method {
                "GET" => content(path),
                _ => Vec::new(),
            };
            let asked = format!("{method} {path}");
            self.note(|notes| notes.asked.push((number, asked)));
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\netag: \"e\"\r\n\
                 last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n",
                body.len()
            );
            let answer = [head.into_bytes(), body].concat();
            lines.get_mut().write_all(&answer).unwrap();
        }
    }

    fn note<T>(&self, change: impl FnOnce(&mut Notes) -> T) -> T {
        change(&mut self.notes.lock().unwrap())
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.notes.lock().unwrap().connections
    }

    /// How many connections came before one that comes now. They are taken in their order, so that none is
    /// missed.
    pub fn connections_so_far(&self) -> usize {
        let mut socket = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        socket.write_all(b"GET /visit HTTP/1.1\r\n\r\n").unwrap();
        std::io::Read::read_exact(&mut socket, &mut [0]).unwrap();
        let asked = self.asked();
        let visit = asked.iter().rfind(|(_, line)| line == "GET /visit");
        visit.unwrap().0 - 1
    }

    /// All that it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.notes.lock().unwrap().asked.clone()
    }
}

//! A fake of Lambda's Runtime API that records the time of a function's first request for an event, and never
//! responds. Source: AWS Lambda Developer Guide, "Using the Lambda runtime API".

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

const REQUEST: &str = "GET /2018-06-01/runtime/invocation/next ";

pub struct FakeRuntimeApi {
    pub address: SocketAddr,
    polled: Receiver<Instant>,
}

impl FakeRuntimeApi {
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("failed to open a loopback port")?;
        let address = listener.local_addr()?;
        let (sender, polled) = channel();
        thread::spawn(move || {
            // Connections are kept open, so that clients wait for a response.
            let mut kept = Vec::new();
            for socket in listener.incoming().flatten() {
                let mut reader = BufReader::new(socket);
                let mut line = String::new();
                if reader.read_line(&mut line).is_ok() && line.starts_with(REQUEST) {
                    let _ = sender.send(Instant::now());
                    break;
                }
                kept.push(reader);
            }
        });
        Ok(Self { address, polled })
    }

    pub fn wait_for_poll(&self, timeout: Duration) -> Result<Instant> {
        let polled = self.polled.recv_timeout(timeout);
        polled.with_context(|| format!("no request for an event within {} s", timeout.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn only_invocation_next_counts_as_a_poll() {
        let server = FakeRuntimeApi::start().unwrap();
        let say = |text: &str| {
            let mut socket = TcpStream::connect(server.address).unwrap();
            socket.write_all(text.as_bytes()).unwrap();
            socket
        };
        let before = Instant::now();
        let _other = say("GET /2018-06-01/runtime/restore/next HTTP/1.1\r\n\r\n");
        let _asked = say("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n");
        assert!(server.wait_for_poll(Duration::from_secs(10)).unwrap() >= before);
    }

    #[test]
    fn waiting_for_a_poll_times_out() {
        let server = FakeRuntimeApi::start().unwrap();
        assert!(server.wait_for_poll(Duration::from_millis(1)).is_err());
    }
}

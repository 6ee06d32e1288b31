//! A loopback HTTP server that acts as a function URL for the emulator: converts requests to events and the function's
//! results, streamed or not, to responses. It stops when its value is dropped.

mod event;
mod response;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, TryLockError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use support::progress::print_status;
use tokio::task::spawn_blocking;

use super::emulator::agent;
use super::server::Server;
use event::{RequestOrigin, event};
use response::{bad_gateway, response, too_large};
use support::sync::lock_ignoring_poison;

/// Lambda's limit for events and responses, in bytes of JSON.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_PAYLOAD: usize = 6_291_556;
/// Lambda's limit for streamed responses, in bytes.
const MAX_STREAMED: usize = 200 * 1024 * 1024;
/// A larger request is not read to its end.
const MAX_REQUEST_BODY: usize = 16 * MAX_PAYLOAD;
/// A function that does not respond for longer is not waited for when another one replaces it.
const MAX_WAIT: Duration = Duration::from_secs(5);
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// The path of Lambda's Invoke API.
/// Source: AWS Lambda API Reference, "Invoke".
const INVOCATIONS_PATH: &str = "/2015-03-31/functions/function/invocations";

pub struct Gateway {
    server: Server,
    function: Arc<Function>,
}

/// The function: its current endpoint.
struct Function(Mutex<Arc<Endpoint>>);

struct Endpoint {
    url: String,
    agent: ureq::Agent,
    /// Held while an event is posted: the emulator serves one at a time.
    turn: Mutex<()>,
}

impl Gateway {
    /// Starts a server that posts events to the URL `function`.
    pub fn start(function: &str) -> Result<Self> {
        Self::start_server(function, false)
    }

    /// Starts a server that also takes events of other services, as Lambda's API does.
    pub fn start_with_invocations(function: &str) -> Result<Self> {
        Self::start_server(function, true)
    }

    fn start_server(function: &str, takes_invocations: bool) -> Result<Self> {
        let function = Arc::new(Function(Mutex::new(Arc::new(Endpoint::new(function)))));
        let shared = Arc::clone(&function);
        let server = Server::start("gateway", move |peer| {
            let function = Arc::clone(&shared);
            service_fn(move |request| respond(request, peer, Arc::clone(&function), takes_invocations))
        })?;
        Ok(Self { server, function })
    }

    /// Where events can be posted as they are: see [`Gateway::start_with_invocations`].
    pub fn invocations_url(&self) -> String {
        format!("http://{}{INVOCATIONS_PATH}", self.server.address)
    }

    /// Posts further events to the URL `function`. Waits for the response to an event that was posted before, at most
    /// 5 seconds.
    pub fn forward_to(&self, function: &str) {
        self.forward_within(function, MAX_WAIT);
    }

    fn forward_within(&self, function: &str, limit: Duration) {
        let next = Arc::new(Endpoint::new(function));
        let previous = std::mem::replace(&mut *lock_ignoring_poison(&self.function.0), next);
        let start = Instant::now();
        while previous.is_busy() && start.elapsed() < limit {
            sleep(CHECK_INTERVAL);
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.server.address)
    }
}

impl Function {
    fn current(&self) -> Arc<Endpoint> {
        Arc::clone(&lock_ignoring_poison(&self.0))
    }

    fn invoke(&self, event: &str) -> Result<Vec<u8>> {
        loop {
            let endpoint = self.current();
            let _turn = lock_ignoring_poison(&endpoint.turn);
            // Another endpoint may have replaced it since.
            if Arc::ptr_eq(&endpoint, &self.current()) {
                return endpoint.post(event);
            }
        }
    }
}

impl Endpoint {
    fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            agent: agent(),
            turn: Mutex::new(()),
        }
    }

    fn is_busy(&self) -> bool {
        matches!(self.turn.try_lock(), Err(TryLockError::WouldBlock))
    }

    fn post(&self, event: &str) -> Result<Vec<u8>> {
        let mut function_response = self.agent.post(&self.url).send(event)?;
        let body = function_response.body_mut().with_config().limit(MAX_STREAMED as u64);
        Ok(body.read_to_vec()?)
    }
}

/// Failures also become responses: 413 for too large a request, and 502 for those of the function or the emulator.
async fn respond(
    request: Request<Incoming>,
    peer: SocketAddr,
    function: Arc<Function>,
    takes_invocations: bool,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_REQUEST_BODY).collect().await else {
        return Ok(too_large(MAX_PAYLOAD));
    };
    let request = Request::from_parts(head, body.to_bytes());
    let is_invocation = takes_invocations && request.uri().path() == INVOCATIONS_PATH;
    let event = match is_invocation {
        true => String::from_utf8_lossy(request.body()).into_owned(),
        false => event(&request, &RequestOrigin::now(peer.ip())).to_string(),
    };
    if event.len() > MAX_PAYLOAD {
        return Ok(too_large(MAX_PAYLOAD));
    }
    let function_response = spawn_blocking(move || function.invoke(&event)).await;
    let response = match function_response {
        Ok(Ok(function_response)) if is_invocation => Ok(Response::new(function_response.into())),
        Ok(Ok(function_response)) => response(&function_response, MAX_PAYLOAD),
        Ok(Err(error)) => Err(error),
        Err(error) => Err(error.into()),
    };
    Ok(response.unwrap_or_else(|error| {
        print_status(&format!("failed to get the function's response: {error:#}"));
        bad_gateway()
    }))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Serves one event with the given response; returns its URL and a thread that ends with the request received.
    fn function(function_response: Vec<u8>) -> (String, thread::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/function", listener.local_addr().unwrap());
        let served = thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut received = Vec::new();
            // The event is the end of the request, and ends in a brace.
            while !received.ends_with(b"}") {
                let mut part = [0; 4096];
                let read = socket.read(&mut part).unwrap();
                received.extend(&part[..read]);
            }
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", function_response.len());
            socket.write_all(head.as_bytes()).unwrap();
            // The client closes the connection when the response is too large.
            let _ = socket.write_all(&function_response);
            received
        });
        (url, served)
    }

    fn post(url: &str, body: &[u8]) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let mut response = agent.post(url).send(body).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), text)
    }

    #[test]
    fn a_request_reaches_the_function_and_returns_its_response() {
        let (url, served) = function(br#"{"statusCode": 201, "body": "made"}"#.to_vec());
        let gateway = Gateway::start(&url).unwrap();
        let url = format!("{}a?b=c", gateway.url());
        assert_eq!(post(&url, b"\xff"), (201, "made".to_owned()));
        let received = String::from_utf8(served.join().unwrap()).unwrap();
        assert!(received.contains(r#""rawPath":"/a""#), "{received}");
        assert!(received.contains(r#""body":"/w==""#), "{received}");
    }

    #[test]
    fn oversized_requests_and_responses_are_rejected() {
        let (url, _served) = function(vec![b' '; MAX_PAYLOAD + 1]);
        let gateway = Gateway::start(&url).unwrap();
        // In base64 they exceed the limit.
        assert_eq!(post(&gateway.url(), &vec![0; MAX_PAYLOAD * 3 / 4]).0, 413);
        let (status, text) = post(&gateway.url(), b"small");
        assert_eq!((status, text.as_str()), (502, "Internal Server Error"));
    }

    #[test]
    fn an_unreachable_function_is_a_bad_gateway() {
        let gateway = Gateway::start("http://127.0.0.1:1/").unwrap();
        assert_eq!(post(&gateway.url(), b"").0, 502);
    }

    #[test]
    fn a_function_that_does_not_respond_can_be_replaced() {
        let hanging = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let gateway = Gateway::start(&format!("http://{}/", hanging.local_addr().unwrap())).unwrap();
        let url = gateway.url();
        let first = thread::spawn(move || post(&url, b"").0);
        let (socket, _) = hanging.accept().unwrap();
        let (next, _served) = function(br#"{"statusCode": 201, "body": ""}"#.to_vec());
        let limit = Duration::from_millis(100);
        let start = Instant::now();
        gateway.forward_within(&next, limit);
        assert!(start.elapsed() >= limit);
        assert_eq!(post(&gateway.url(), b"").0, 201);
        // As when the process ends.
        drop((socket, hanging));
        assert_eq!(first.join().unwrap(), 502);
    }

    #[test]
    fn requests_that_wait_reach_the_current_function() {
        let gateway = Gateway::start("http://127.0.0.1:1/").unwrap();
        let previous = gateway.function.current();
        let turn = previous.turn.lock().unwrap();
        let url = gateway.url();
        let waiting = thread::spawn(move || post(&url, b"").0);
        thread::sleep(Duration::from_millis(100));
        let (next, _served) = function(br#"{"statusCode": 201, "body": ""}"#.to_vec());
        gateway.forward_within(&next, Duration::ZERO);
        drop(turn);
        assert_eq!(waiting.join().unwrap(), 201);
    }
}

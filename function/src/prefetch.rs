//! What is done while the process waits for its first event: nothing that the first request for an event
//! would have to wait for, and all that the first event would.

use std::future::{Future, poll_fn};
use std::pin::pin;

/// How often a request on a new connection waits until it is on its way: for the connection, for the client
/// to take it into use, and for the answer.
const POLLS_PER_REQUEST: u32 = 3;

/// Asks for events by `event_loop`, and begins with `prefetch` as soon as so many `requests` are sent, each on a
/// new connection. What sends one was spawned before, and on one thread comes first.
pub async fn prefetch_during<T>(
    event_loop: impl Future<Output = T>,
    requests: u32,
    prefetch: impl Future<Output = ()> + Send + 'static,
) -> T {
    let mut event_loop = pin!(event_loop);
    let mut prefetch = Some(prefetch);
    let mut polls = 0;
    poll_fn(|context| {
        let polled = event_loop.as_mut().poll(context);
        polls += 1;
        if polled.is_pending()
            && polls >= POLLS_PER_REQUEST * requests
            && let Some(prefetch) = prefetch.take()
        {
            tokio::spawn(prefetch);
        }
        polled
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::prefetch_during;
    use crate::storage::tests::test_client;

    #[tokio::test]
    async fn prefetching_begins_after_the_request_is_sent_and_before_its_response() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (request_sender, request_receiver) = mpsc::channel();
        let (prefetch_sender, prefetch_receiver) = mpsc::channel();
        let lambda = thread::spawn(move || {
            let mut socket = listener.accept().unwrap().0;
            assert_ne!(socket.read(&mut [0; 1024]).unwrap(), 0);
            request_sender.send(()).unwrap();
            // Without what prepares there is no answer.
            prefetch_receiver.recv().unwrap();
            let empty_response = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            socket.write_all(empty_response).unwrap();
        });
        let prefetch = async move {
            // This keeps the only thread, so that a request which is not sent yet never is.
            request_receiver
                .recv_timeout(Duration::from_secs(10))
                .unwrap();
            prefetch_sender.send(()).unwrap();
        };
        // It connects and sends by the same crate as the client of the Runtime API.
        let response = prefetch_during(test_client().get(url).send(), 1, prefetch).await;
        assert_eq!(response.unwrap().status(), 200);
        lambda.join().unwrap();
    }
}

//! Runs one-time work while the first request for an event is pending, so that neither this request nor the first event
//! waits for the work.

use std::future::{Future, poll_fn};
use std::pin::pin;

/// The number of polls after which a request on a new connection has been sent: these polls wait for the connection,
/// for the client to start using it, and for the response.
const POLLS_PER_REQUEST: u32 = 3;

/// Runs `event_loop`, and spawns `prefetch` as soon as `requests` requests are sent, each on a new connection. The
/// tasks that send them are spawned earlier, so on one thread they run first.
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
            // The response waits for the prefetch.
            prefetch_receiver.recv().unwrap();
            let empty_response = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            socket.write_all(empty_response).unwrap();
        });
        let prefetch = async move {
            // This blocks the only thread, so a request that is not yet sent is never sent.
            request_receiver.recv_timeout(Duration::from_secs(10)).unwrap();
            prefetch_sender.send(()).unwrap();
        };
        // The test client connects and sends with the same crate as the client of the Runtime API.
        let response = prefetch_during(test_client().get(url).send(), 1, prefetch).await;
        assert_eq!(response.unwrap().status(), 200);
        lambda.join().unwrap();
    }
}

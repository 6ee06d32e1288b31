//! What is done while the process waits for its first event: nothing that the first request for an event
//! would have to wait for, and all that the first event would.

use std::future::{Future, poll_fn};
use std::pin::pin;

/// How often a request on a new connection waits until it is on its way: for the connection, for the client
/// to take it into use, and for the answer.
const WAITS: u32 = 3;

/// Asks for events by `asking`, and begins with `preparing` as soon as so many `requests` are sent, each on a
/// new connection. What sends one was spawned before, and on one thread comes first.
pub async fn ask<T>(
    asking: impl Future<Output = T>,
    requests: u32,
    preparing: impl Future<Output = ()> + Send + 'static,
) -> T {
    let mut asking = pin!(asking);
    let mut preparing = Some(preparing);
    let mut waits = 0;
    poll_fn(|context| {
        let polled = asking.as_mut().poll(context);
        waits += 1;
        if polled.is_pending()
            && waits >= WAITS * requests
            && let Some(preparing) = preparing.take()
        {
            tokio::spawn(preparing);
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

    use super::ask;
    use crate::storage::tests::client;

    #[tokio::test]
    async fn what_prepares_begins_after_the_request_and_before_its_answer() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, asked) = mpsc::channel();
        let (prepare, prepared) = mpsc::channel();
        let lambda = thread::spawn(move || {
            let mut socket = listener.accept().unwrap().0;
            assert_ne!(socket.read(&mut [0; 1024]).unwrap(), 0);
            tell.send(()).unwrap();
            // Without what prepares there is no answer.
            prepared.recv().unwrap();
            let nothing = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            socket.write_all(nothing).unwrap();
        });
        let preparing = async move {
            // This keeps the only thread, so that a request which is not sent yet never is.
            asked.recv_timeout(Duration::from_secs(10)).unwrap();
            prepare.send(()).unwrap();
        };
        // It connects and sends by the same crate as the client of the Runtime API.
        let answered = ask(client().get(url).send(), 1, preparing).await;
        assert_eq!(answered.unwrap().status(), 200);
        lambda.join().unwrap();
    }
}

//! Runs one-time work while the request for the first event is pending, so that neither this request nor the first
//! event waits for it.

use tokio::task::yield_now;

/// The number of times that the runtime handles what has arrived before the work starts. The Runtime API is on this
/// machine, so that connecting to it takes two or three; each more costs a microsecond. If they were too few, the
/// request would be sent a little later, because the work starts on the same thread.
const ROUNDS: u32 = 16;

/// Call it before the first request for an event is sent; it returns at once.
pub fn spawn_prefetch(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        for _ in 0..ROUNDS {
            yield_now().await;
        }
        work.await;
    });
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use tokio::sync::oneshot;

    use super::*;
    use crate::storage::tests::get;

    #[tokio::test]
    async fn work_starts_while_the_response_is_awaited() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, receiver) = oneshot::channel();
        let lambda = thread::spawn(move || {
            let mut socket = listener.accept().unwrap().0;
            assert_ne!(socket.read(&mut [0; 1024]).unwrap(), 0);
            // The response waits for the work.
            receiver.blocking_recv().unwrap();
            let empty_response = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            socket.write_all(empty_response).unwrap();
        });
        spawn_prefetch(async move { sender.send(()).unwrap() });
        assert_eq!(get(&address).await, b"");
        lambda.join().unwrap();
    }
}

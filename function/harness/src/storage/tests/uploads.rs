//! Objects that are written.

use super::*;

const STORED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\netag: \"e\"\r\n\r\n";

#[tokio::test]
async fn checksum_is_sent_unless_it_is_turned_off() {
    for (setting, expected) in [("", true), ("WHEN_SUPPORTED", true), ("when_required", false)] {
        let (url, requests) = server(&[STORED]);
        let variables = [
            ("AWS_ENDPOINT_URL_S3", url.as_str()),
            ("AWS_REQUEST_CHECKSUM_CALCULATION", setting),
        ];
        let storage = storage_with_variables(&variables);
        let config = StorageConfig::default();
        let write = storage.write(&config, "b", "k", "image/jpeg", b"123456789".to_vec());
        write.await.unwrap();
        let request = &requests.lock().unwrap()[0];
        let checksum = "\r\nx-amz-checksum-sha256: FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=\r\n";
        assert_eq!(request.contains(checksum), expected, "{request}");
        assert_eq!(request.contains(";x-amz-checksum-sha256;"), expected, "{request}");
    }
}

/// S3 can answer before it has read a large body, and then reads no more.
#[tokio::test]
async fn connection_with_an_unfinished_request_is_not_used_again() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let storage = storage_at(&format!("http://{}", listener.local_addr().unwrap()));
    // More than the buffers of a connection on loopback hold.
    let content = vec![0; 32 << 20];
    let length = content.len();
    let server = std::thread::spawn(move || {
        let (mut busy, _) = listener.accept().unwrap();
        busy.read_exact(&mut [0; 16]).unwrap();
        busy.write_all(b"HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
        let (mut socket, _) = listener.accept().unwrap();
        let mut received = 0;
        let mut buffer = vec![0; 1 << 20];
        while received < length {
            received += socket.read(&mut buffer).unwrap();
        }
        socket.write_all(STORED.as_bytes()).unwrap();
        // Open until now.
        drop(busy);
    });
    let config = StorageConfig::default();
    storage.write(&config, "b", "k", "image/jpeg", content).await.unwrap();
    server.join().unwrap();
}

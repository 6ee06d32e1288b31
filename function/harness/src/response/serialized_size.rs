//! The size of a response and Lambda's limit.
//! Source: AWS Lambda Developer Guide, "Lambda quotas", invocation payload.

use std::io::{self, Write};

use serde::Serialize;

pub const MAX_RESPONSE_BYTES: usize = 6 * 1024 * 1024;

/// The size in bytes as JSON.
pub(super) fn json_size(response: &impl Serialize) -> usize {
    let mut counter = ByteCounter(0);
    // The Lambda runtime reports an error when it serializes the response.
    let _ = serde_json::to_writer(&mut counter, response);
    counter.0
}

pub(super) struct ByteCounter(usize);

impl Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! How large an answer is, and how large one may be.
//! Source: AWS Lambda Developer Guide, "Lambda quotas", invocation payload.

use std::io::{self, Write};

use serde::Serialize;

/// The most that Lambda takes back at once, in bytes.
pub const MAX_RESPONSE_BYTES: usize = 6 * 1024 * 1024;

/// How many bytes it has as Lambda gets it.
pub(super) fn json_size(response: &impl Serialize) -> usize {
    let mut counter = ByteCounter(0);
    // What cannot be written is told where it is written in earnest.
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

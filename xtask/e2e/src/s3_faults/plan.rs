//! Random faults for the requests of an event.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::fault_proxy::{Fault, Request};

/// The names of faults, and whether a retry overcomes them.
pub const KINDS: [(&str, bool); 23] = [
    ("500", true),
    ("503", true),
    ("SlowDown", true),
    ("429", true),
    ("late", true),
    ("closed", true),
    ("reset", true),
    ("lost", true),
    ("cut", true),
    ("cut and reset", true),
    ("stalled", true),
    ("garbage", false),
    ("another protocol", false),
    ("nothing but a head", false),
    ("a success of nothing", false),
    ("too long a length", false),
    ("too short a length", false),
    ("an enormous length", false),
    ("another ETag", false),
    ("another checksum", false),
    ("other bytes", false),
    ("fewer bytes", false),
    ("an error's page", false),
];

/// The faults of an event's requests in order; requests after them have none.
#[derive(Clone, Debug)]
pub struct FaultPlan {
    pub faults: Vec<&'static str>,
    /// A random number of bytes or an offset, from which delays are derived as well.
    pub number: usize,
    /// Whether retries must overcome all of the faults.
    pub retry_succeeds: bool,
}

impl FaultPlan {
    pub fn new(random: &mut fastrand::Rng) -> Self {
        // A few retries overcome few faults; twelve are an outage.
        let count = *random.choice([0, 1, 1, 1, 2, 2, 3, 12].iter()).unwrap_or(&0);
        let picked: Vec<_> = (0..count).map(|_| random.usize(0..KINDS.len())).collect();
        Self {
            retry_succeeds: count <= 2 && picked.iter().all(|kind| KINDS[*kind].1),
            faults: picked.iter().map(|kind| KINDS[*kind].0).collect(),
            number: random.usize(0..30_000),
        }
    }
}

/// The fault `name` for a request.
pub fn fault(name: &str, request: &Request, number: usize) -> Fault {
    const SLOW_DOWN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code>\
        <Message>Please reduce your request rate.</Message></Error>";
    const PAGE: &str = "<html><body>Please log in to this network</body></html>";
    let is_put = request.method == "PUT";
    match name {
        "500" => Fault::Respond("500 Internal Server Error"),
        "503" => Fault::Respond("503 Service Unavailable"),
        "SlowDown" => Fault::RespondWithBody("503 Slow Down", SLOW_DOWN),
        "429" => Fault::Respond("429 Too Many Requests"),
        "late" => Fault::Delay(Duration::from_millis(number as u64 % 900)),
        "closed" => Fault::Close,
        "reset" => Fault::Reset,
        "lost" => Fault::DropResponse,
        "cut" | "cut and reset" if is_put => Fault::TruncateRequest(number as u64 % request.length.max(1)),
        "cut" => Fault::TruncateResponse(number),
        "cut and reset" => Fault::ResetResponse(number),
        "stalled" => Fault::Stall(number, Duration::from_millis(number as u64 % 700)),
        "garbage" => {
            let mut random = fastrand::Rng::with_seed(number as u64);
            Fault::Raw((0..number % 5000).map(|_| random.u8(..)).collect())
        }
        "another protocol" => Fault::Raw(b"220 mail.example.com ESMTP ready\r\n".to_vec()),
        "nothing but a head" => Fault::Raw(b"HTTP/1.1 200 OK\r\nconte".to_vec()),
        "a success of nothing" => Fault::Respond("200 OK"),
        "too long a length" | "too short a length" | "an enormous length" if is_put => Fault::Pass,
        "too long a length" => Fault::ReplaceHeader("content-length", (number + 60_000_000).to_string()),
        "too short a length" => Fault::ReplaceHeader("content-length", (number % 9000).to_string()),
        "an enormous length" => Fault::ReplaceHeader("content-length", u64::MAX.to_string()),
        "another ETag" => Fault::ReplaceHeader("etag", format!("\"{number:032x}\"")),
        "another checksum" => {
            let checksum = BASE64_STANDARD.encode((number as u64).to_be_bytes());
            Fault::ReplaceHeader("x-amz-checksum-crc64nvme", checksum)
        }
        "other bytes" if is_put => Fault::RewriteBody(|body| body.extend(b"<Error/>")),
        "other bytes" => Fault::RewriteBody(|body| {
            let middle = body.len() / 2;
            body.iter_mut().skip(middle).take(40).for_each(|byte| *byte ^= 0x55);
        }),
        "fewer bytes" => Fault::RewriteBody(|body| body.truncate(body.len() * 2 / 3)),
        "an error's page" => Fault::RespondWithBody("200 OK\r\ncontent-type: text/html", PAGE),
        _ => Fault::Pass,
    }
}

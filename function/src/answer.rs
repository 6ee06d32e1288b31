//! What the function answers, in the form that the sender of the event expects.

mod batch;
mod direct;
mod fitting;
mod http;
mod limit;
mod notification;
mod outcome;
mod sqs;

pub use self::batch::batch;
pub use self::direct::{Direct, direct};
pub use self::fitting::{Answer, fitting};
pub use self::http::{Http, failed, file, json, page, refused};
pub use self::notification::{Notification, notification};
pub use self::outcome::{Found, Named, Outcome, Result};
pub use self::sqs::sqs;

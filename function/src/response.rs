//! Responses, in the form that the sender of the event expects.

mod batch;
mod direct;
mod http;
mod notification;
mod outcome;
mod serialized_size;
mod size_limit;
mod sqs;

pub use self::batch::batch;
pub use self::direct::{DirectResponse, direct};
pub use self::http::{HttpResponse, annotated_jpeg, error_response, from_error, html_page, json};
pub use self::notification::{NotificationResponse, notification};
pub use self::outcome::{ObjectResult, Outcome, PhotoResult, ProcessedPhoto};
pub use self::size_limit::{Response, limit_size};
pub use self::sqs::sqs;

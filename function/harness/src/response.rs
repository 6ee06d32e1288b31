//! Responses, in the form that the sender of the event expects.

mod batch;
mod cors;
mod direct;
mod fields;
mod http;
mod items;
mod notification;
mod outcome;
mod page;
mod photo_list;
mod serialized_size;
mod size_limit;
mod sqs;
mod stream;

pub use self::batch::{BatchResponse, batch};
pub use self::cors::preflight;
pub use self::direct::{DirectResponse, direct};
pub use self::fields::check_fields;
pub use self::http::{HttpResponse, error_response, json, max_picture_bytes, picture};
pub use self::items::{ItemsResponse, items};
pub use self::notification::{NotificationResponse, notification};
pub use self::outcome::{ObjectResult, Outcome, PhotoResult, Pictures, ProcessedPhoto, SkipReason};
pub use self::page::html_page;
pub use self::size_limit::{Response, limit_size};
pub use self::sqs::{SqsResponse, sqs};

#[cfg(test)]
pub(crate) mod tests;

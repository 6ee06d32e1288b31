//! What a function responds about a photo.

use std::fmt::{Debug, Write};

use serde::Serialize;

/// The answer about one photo. It must serialize as a JSON object, whose fields become part of the response; so they
/// cannot have the names of the response's own fields, such as `width` or `error`, or of the pictures.
///
/// Lists in it can be counted: the numbers are in logs, metrics, and responses that cannot contain the answer.
pub trait Answer: Serialize + Clone + Debug + Send + Sync + 'static {
    /// What is counted, in the singular, such as `face`. HTTP responses with a picture have the number of the first in a
    /// header, such as `x-faces`.
    const COUNTED: &'static [&'static str] = &[];

    /// A number for each element of [`Self::COUNTED`], in the same order.
    fn counts(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Whether the photo's object is moved to the [`destination`](crate::options::FunctionOptions::destination) in its
    /// bucket, where it replaces an object of the same key. The function's role needs the permission `s3:DeleteObject`,
    /// and `s3:ListBucket` to skip an event whose photo is moved already. Photos by HTTP are not moved.
    fn moves_photo(&self) -> bool {
        false
    }

    /// The message in the response to a direct event.
    fn message(&self) -> String {
        description(self)
    }
}

/// Such as `2 face(s), 4 eye(s)`.
pub(crate) fn description<A: Answer>(answer: &A) -> String {
    let mut text = String::new();
    for (singular, number) in A::COUNTED.iter().zip(answer.counts()) {
        let separator = if text.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(text, "{separator}{number} {singular}(s)");
    }
    if text.is_empty() {
        text.push_str("processed");
    }
    text
}

/// The things that are counted first, in the plural; without any `answer`.
pub(crate) fn plural<A: Answer>() -> String {
    A::COUNTED
        .first()
        .map_or("answer".to_owned(), |singular| format!("{singular}s"))
}

//! The response to SQS messages: the ids of those that failed, which SQS keeps in the queue. For a FIFO queue, the
//! first failed message and all after it, to preserve their order.
//! Source: AWS Lambda Developer Guide, "Handling errors for an SQS event source", partial batch responses.

use serde::Serialize;

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsResponse {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

/// Takes the id of each message and whether it succeeded.
pub fn sqs(fifo: bool, messages: impl IntoIterator<Item = (String, bool)>) -> SqsResponse {
    let mut response = SqsResponse::default();
    for (id, succeeded) in messages {
        let after_a_failure = fifo && !response.batch_item_failures.is_empty();
        if !succeeded || after_a_failure {
            response
                .batch_item_failures
                .push(BatchItemFailure { item_identifier: id });
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fifo_queue_reports_all_messages_after_the_first_failure() {
        let messages = || [("a", true), ("b", false), ("c", true)].map(|(id, succeeded)| (id.into(), succeeded));
        let response = |fifo| serde_json::to_value(sqs(fifo, messages())).unwrap();
        let item = |id: &str| json!({"itemIdentifier": id});
        assert_eq!(response(false), json!({"batchItemFailures": [item("b")]}));
        assert_eq!(response(true), json!({"batchItemFailures": [item("b"), item("c")]}));
    }
}

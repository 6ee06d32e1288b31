//! The response to SQS messages: the ids of those that failed, which SQS keeps in the queue. For a FIFO queue, the
//! first failed message and all after it, to preserve their order.
//! Source: AWS Lambda Developer Guide, "Handling errors for an SQS event source", partial batch responses.

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse};

/// Takes the id of each message and whether it succeeded.
pub fn sqs(fifo: bool, messages: impl IntoIterator<Item = (String, bool)>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for (id, succeeded) in messages {
        let after_a_failure = fifo && !response.batch_item_failures.is_empty();
        if !succeeded || after_a_failure {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
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

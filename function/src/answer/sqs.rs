//! The answer to messages of a queue: those that failed, which SQS then keeps. For a FIFO queue
//! the first that failed and all after it, so that their order is kept.
//! Source: AWS Lambda Developer Guide, "Handling errors for an SQS event source", partial batch
//! responses.

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse};

/// The answer for messages, each with whether it is done.
pub fn sqs(fifo: bool, messages: impl IntoIterator<Item = (String, bool)>) -> SqsBatchResponse {
    let mut answer = SqsBatchResponse::default();
    for (id, done) in messages {
        let after_a_failure = fifo && !answer.batch_item_failures.is_empty();
        if !done || after_a_failure {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            answer.batch_item_failures.push(failure);
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn failures_are_listed_and_in_a_fifo_queue_all_after_the_first() {
        let messages =
            || [("a", true), ("b", false), ("c", true)].map(|(id, done)| (id.into(), done));
        let answer = |fifo| serde_json::to_value(sqs(fifo, messages())).unwrap();
        let item = |id: &str| json!({"itemIdentifier": id});
        assert_eq!(answer(false), json!({"batchItemFailures": [item("b")]}));
        assert_eq!(
            answer(true),
            json!({"batchItemFailures": [item("b"), item("c")]})
        );
    }
}

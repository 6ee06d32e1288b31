//! Deploys functions to AWS Lambda. A [`plan::Plan`] says what is needed; it is compared with what is there, and the
//! difference is a list of commands of the AWS CLI.

pub mod arn;
pub mod aws;
pub mod plan;
pub mod settings;

//! Deploys functions to AWS Lambda. A [`plan::Plan`] says what is needed; it is compared with what is
//! [`deployed`](deployed::Deployed), and the difference is a list of [`steps`] with commands of the AWS CLI.

mod apply;
mod arn;
mod artefact;
mod aws;
pub mod deploy;
mod deployed;
mod guards;
mod plan;
mod removal;
mod rollback;
mod settings;
mod steps;
pub mod undeploy;

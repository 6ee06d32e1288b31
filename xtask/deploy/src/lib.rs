//! Deploys functions to AWS Lambda. A [`plan::Plan`] says what is needed; it is compared with what is
//! [`deployed`](deployed::Deployed), and the difference is a list of [`steps`] with commands of the AWS CLI.

mod apply;
mod arn;
mod artefact;
mod aws;
pub mod batch;
pub mod deploy;
mod deployed;
pub mod emit;
mod function_version;
mod guards;
mod invocations;
pub mod invoke;
pub mod logs;
mod plan;
mod prices;
mod removal;
mod report_line;
mod rollback;
mod settings;
mod steps;
mod terminal;
pub mod undeploy;

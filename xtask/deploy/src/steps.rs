//! The steps from what is there to what is planned, in their order: each is a resource and the commands that create or
//! change it. After a failure, the same command finds what is there and does the rest.

mod context;
mod function;
mod invocation;
mod resources;
pub(crate) mod role;
mod step;
mod tags;
pub mod trigger;

pub use context::Context;
pub use step::{Change, Step, StepCommand, StepOutput};

/// All steps, also those that change nothing.
pub fn steps(context: &Context) -> Vec<Step> {
    let mut steps = vec![resources::log_group(context)];
    steps.extend(resources::queues(context));
    steps.push(resources::role(context));
    steps.extend(resources::repository(context));
    steps.extend(function::steps(context));
    steps.extend(invocation::steps(context));
    steps.extend(trigger::steps(context));
    steps
}

#[cfg(test)]
mod tests;

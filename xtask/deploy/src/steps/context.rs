//! What steps are made from.

use package::git::Head;

use crate::arn::Scope;
use crate::artefact::Artefact;
use crate::deployed::Deployed;
use crate::plan::Plan;

/// What steps are made from.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub plan: &'a Plan,
    pub artefact: &'a Artefact,
    pub scope: &'a Scope,
    pub deployed: &'a Deployed,
    /// The commit of the function's sources, if they are in a checkout.
    pub revision: Option<&'a Head>,
}

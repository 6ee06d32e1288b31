pub(crate) mod fixture;
pub(crate) mod static_program;

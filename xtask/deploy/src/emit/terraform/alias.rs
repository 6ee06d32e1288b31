//! How resources of a module of Terraform refer to the function's alias.

use crate::emit::hcl::{Body, Expression};

/// The attributes that name the alias in resources about it.
pub(super) fn of_alias() -> Body {
    Body::new()
        .with(
            "function_name",
            Expression::plain("aws_lambda_alias.alias.function_name"),
        )
        .with("qualifier", Expression::plain("aws_lambda_alias.alias.name"))
}

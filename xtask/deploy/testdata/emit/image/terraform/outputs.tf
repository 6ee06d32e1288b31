# Written by `cargo xtask deploy --emit terraform`. Change the settings of the deployment and run it
# again, or edit this file, which then is not overwritten.

output "alias" {
  description = "The ARN of the alias to invoke."
  value       = aws_lambda_alias.alias.arn
}

output "url" {
  description = "The URL of the alias."
  value       = aws_lambda_function_url.url.function_url
}

# Written by `cargo xtask deploy --emit terraform`. Change the settings of the deployment and run it
# again, or edit this file, which then is not overwritten.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.29"
    }
  }
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

# Made here, because the function's role may not make it and Lambda would keep logs for ever.
resource "aws_cloudwatch_log_group" "logs" {
  name              = "/aws/lambda/thumbs"
  retention_in_days = 14
}

resource "aws_iam_role" "function" {
  name = "thumbs-role"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "lambda.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
}

# What the function may do, and nothing else.
resource "aws_iam_role_policy" "function" {
  name = "thumbs"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws/lambda/thumbs:*"
      },
    ]
  })
}

resource "aws_lambda_function" "function" {
  function_name = "thumbs"
  description   = "Makes thumbnails"
  package_type  = "Image"
  image_uri     = var.image_uri
  architectures = ["arm64"]
  memory_size   = 1024
  timeout       = 20
  role          = aws_iam_role.function.arn

  # Each change publishes a version, to which the alias moves.
  publish = true

  environment {
    variables = {
      PHOTO_OUTPUT = "both"
    }
  }

  snap_start {
    apply_on = "PublishedVersions"
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.logs.name
  }

  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_alias" "alias" {
  name             = "live"
  function_name    = aws_lambda_function.function.function_name
  function_version = aws_lambda_function.function.version
}

resource "aws_lambda_function_url" "url" {
  function_name      = aws_lambda_alias.alias.function_name
  qualifier          = aws_lambda_alias.alias.name
  authorization_type = "AWS_IAM"
}

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
      {
        Sid      = "ReadObjects"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::photos/in/*"]
        Condition = {
          StringEquals = {
            "s3:ResourceAccount" = data.aws_caller_identity.current.account_id
          }
        }
      },
      {
        Sid      = "WriteObjects"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = ["arn:${data.aws_partition.current.partition}:s3:::photos/out/in/*"]
        Condition = {
          StringEquals = {
            "s3:ResourceAccount" = data.aws_caller_identity.current.account_id
          }
        }
      },
      {
        Sid      = "SendFailedEvents"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:thumbs-failed"
      },
    ]
  })
}

resource "aws_lambda_function" "function" {
  function_name    = "thumbs"
  description      = "Makes thumbnails"
  package_type     = "Zip"
  filename         = var.archive
  source_code_hash = filebase64sha256(var.archive)
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = ["x86_64"]
  memory_size      = 1024
  timeout          = 20
  role             = aws_iam_role.function.arn

  # Each change publishes a version, to which the alias moves.
  publish = true

  environment {
    variables = {
      PHOTO_OUTPUT = "both"
    }
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

# Events that failed. They are kept for 14 days.
resource "aws_sqs_queue" "failed" {
  name                      = "thumbs-failed"
  message_retention_seconds = 1209600
}

# Where events go that failed after Lambda's retries.
resource "aws_lambda_function_event_invoke_config" "alias" {
  function_name = aws_lambda_alias.alias.function_name
  qualifier     = aws_lambda_alias.alias.name

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed.arn
    }
  }
}

resource "aws_lambda_permission" "bucket" {
  function_name  = aws_lambda_alias.alias.function_name
  qualifier      = aws_lambda_alias.alias.name
  statement_id   = "s3-photos"
  action         = "lambda:InvokeFunction"
  principal      = "s3.amazonaws.com"
  source_arn     = "arn:${data.aws_partition.current.partition}:s3:::photos"
  source_account = data.aws_caller_identity.current.account_id
}

# This resource owns all notifications of the bucket: it removes those that others have set. If the
# bucket has others, move these blocks to the resource that has them, and remove this one.
resource "aws_s3_bucket_notification" "bucket" {
  bucket = "photos"

  lambda_function {
    lambda_function_arn = aws_lambda_alias.alias.arn
    events              = ["s3:ObjectCreated:*"]
    filter_prefix       = "in/"
  }

  depends_on = [aws_lambda_permission.bucket]
}

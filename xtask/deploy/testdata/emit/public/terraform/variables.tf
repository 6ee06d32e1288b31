# Written by `cargo xtask deploy --emit terraform`. Change the settings of the deployment and run it
# again, or edit this file, which then is not overwritten.

variable "archive" {
  description = "The zip archive that `cargo xtask zip` writes."
  type        = string
  default     = "function.zip"
}

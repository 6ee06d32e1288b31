# Written by `cargo xtask deploy --emit terraform`. Change the settings of the deployment and run it
# again, or edit this file, which then is not overwritten.

variable "image_uri" {
  description = "The image in a private repository of ECR, by its digest: REGISTRY/NAME@sha256:DIGEST."
  type        = string
}

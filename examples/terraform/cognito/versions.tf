# refresh_token_rotation and aws_cognito_managed_login_branding are arguments and resources of version 6.
terraform {
  required_version = ">= 1.5.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0.0, < 7.0.0"
    }
  }
}

data "aws_region" "current" {}

locals {
  origins     = [for host in var.hosts : "https://${host}"]
  is_prefix   = length(split(".", var.domain)) == 1
  domain_host = local.is_prefix ? "${var.domain}.auth.${data.aws_region.current.region}.amazoncognito.com" : var.domain
  # The plan without managed login has the classic page.
  managed_login = var.user_pool_tier != "LITE"
}

resource "aws_cognito_user_pool" "this" {
  name                     = var.name
  user_pool_tier           = var.user_pool_tier
  deletion_protection      = var.deletion_protection ? "ACTIVE" : "INACTIVE"
  auto_verified_attributes = ["email"]
  mfa_configuration        = var.mfa
  tags                     = var.tags

  # Two people whose names differ in their case alone would be one to most applications.
  username_configuration {
    case_sensitive = false
  }

  admin_create_user_config {
    allow_admin_create_user_only = !var.self_sign_up
  }

  # The address is the user id: a new one counts when it is verified, not before.
  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }

  schema {
    name                = "email"
    attribute_data_type = "String"
    required            = true
    mutable             = true

    string_attribute_constraints {
      min_length = "0"
      max_length = "2048"
    }
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = false
    require_uppercase                = true
    temporary_password_validity_days = 7
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  dynamic "software_token_mfa_configuration" {
    for_each = var.mfa == "OFF" ? [] : [true]

    content {
      enabled = true
    }
  }
}

resource "aws_cognito_user_pool_domain" "this" {
  user_pool_id          = aws_cognito_user_pool.this.id
  domain                = var.domain
  certificate_arn       = var.certificate_arn
  managed_login_version = local.managed_login ? 2 : 1

  lifecycle {
    precondition {
      condition     = local.is_prefix == (var.certificate_arn == null)
      error_message = "A domain of your own needs certificate_arn, and a prefix takes none."
    }
  }
}

resource "aws_cognito_user_group" "this" {
  for_each = var.groups

  user_pool_id = aws_cognito_user_pool.this.id
  name         = each.key
  description  = each.value
}

resource "aws_cognito_resource_server" "this" {
  for_each = var.resource_servers

  user_pool_id = aws_cognito_user_pool.this.id
  identifier   = each.key
  name         = each.key

  dynamic "scope" {
    for_each = each.value

    content {
      scope_name        = scope.key
      scope_description = scope.value
    }
  }
}

resource "aws_cognito_user_pool_client" "this" {
  user_pool_id    = aws_cognito_user_pool.this.id
  name            = var.name
  generate_secret = !var.public_client

  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = var.scopes
  supported_identity_providers         = var.identity_providers
  callback_urls                        = [for origin in local.origins : "${origin}${var.callback_path}"]
  logout_urls                          = [for origin in local.origins : "${origin}/"]

  # Rotation excludes ALLOW_REFRESH_TOKEN_AUTH, which is among the flows that a client has by default.
  explicit_auth_flows           = ["ALLOW_USER_SRP_AUTH"]
  enable_token_revocation       = true
  prevent_user_existence_errors = "ENABLED"

  access_token_validity  = var.access_token_minutes
  id_token_validity      = var.id_token_minutes
  refresh_token_validity = var.refresh_token_hours

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "hours"
  }

  refresh_token_rotation {
    feature                    = "ENABLED"
    retry_grace_period_seconds = var.rotation_grace_seconds
  }

  # A scope must be there before a client can be allowed to ask for it.
  depends_on = [aws_cognito_resource_server.this]
}

# Managed login has no page for a client without a style.
resource "aws_cognito_managed_login_branding" "this" {
  count = local.managed_login ? 1 : 0

  user_pool_id                = aws_cognito_user_pool.this.id
  client_id                   = aws_cognito_user_pool_client.this.id
  use_cognito_provided_values = true

  depends_on = [aws_cognito_user_pool_domain.this]
}

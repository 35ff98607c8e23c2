output "user_pool_id" {
  description = "The user pool."
  value       = aws_cognito_user_pool.this.id
}

output "issuer" {
  description = "providers[].issuer."
  value       = "https://${aws_cognito_user_pool.this.endpoint}"
}

output "client_id" {
  description = "providers[].clientId."
  value       = aws_cognito_user_pool_client.this.id
}

output "client_secret" {
  description = "The app client's secret, for the variable that providers[].clientSecret names; empty for a public client. It is in Terraform's state as well."
  value       = var.public_client ? "" : aws_cognito_user_pool_client.this.client_secret
  sensitive   = true
}

output "domain" {
  description = "The host of the sign-in page, which the gateway calls, too: --provider-host of edge-oidc render."
  value       = local.domain_host
}

output "domain_target" {
  description = "What the DNS name of a domain of your own must lead to; empty with a prefix."
  value       = local.is_prefix ? "" : aws_cognito_user_pool_domain.this.cloudfront_distribution
}

output "callback_urls" {
  description = "What is registered at the app client: edge-oidc check prints the same."
  value       = aws_cognito_user_pool_client.this.callback_urls
}

output "logout_urls" {
  description = "What is registered at the app client: edge-oidc check prints the same."
  value       = aws_cognito_user_pool_client.this.logout_urls
}

output "edge_oidc_init" {
  description = "The command that writes the filter's configuration and everything around it."
  value = join(" ", concat(
    ["edge-oidc", "init", "cognito"],
    ["--pool-id", aws_cognito_user_pool.this.id],
    ["--client-id", aws_cognito_user_pool_client.this.id],
    ["--domain", local.domain_host],
    flatten([for origin in local.origins : ["--host", origin]]),
    var.public_client ? ["--public-client"] : [],
  ))
}

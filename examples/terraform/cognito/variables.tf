variable "name" {
  description = "What the user pool and its app client are called."
  type        = string

  validation {
    condition     = length(regexall("^[\\w\\s+=,.@-]{1,128}$", var.name)) > 0
    error_message = "name: 1 to 128 letters, digits, spaces and any of _ + = , . @ -."
  }
}

variable "hosts" {
  description = "Where people reach the applications over https: HOST or HOST:PORT, such as app.example.com. The callback and sign-out URLs of the app client are made of them."
  type        = list(string)

  validation {
    condition     = length(var.hosts) >= 1 && length(var.hosts) <= 100
    error_message = "hosts: 1 to 100, since Cognito takes no more URLs of a kind for a client."
  }

  validation {
    condition     = alltrue([for host in var.hosts : length(regexall("^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?$", host)) > 0])
    error_message = "hosts: write HOST or HOST:PORT in small letters, without https:// and without a path. Cognito registers no wildcards: name each host."
  }
}

variable "domain" {
  description = "Where people sign in: a prefix such as demo, for demo.auth.REGION.amazoncognito.com, or a whole name of your own such as auth.example.com, which needs certificate_arn."
  type        = string

  validation {
    condition     = length(regexall("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?([.][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$", var.domain)) > 0
    error_message = "domain: a prefix or a name of small letters, digits and hyphens."
  }

  validation {
    condition     = length(regexall("^[^.]*(aws|amazon|cognito)[^.]*$", var.domain)) == 0
    error_message = "domain: AWS takes no prefix with aws, amazon or cognito in it."
  }
}

variable "certificate_arn" {
  description = "The certificate for a domain of your own, in us-east-1 whatever the pool's region; null with a prefix."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null ? true : length(regexall("^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[0-9a-z-]+$", var.certificate_arn)) > 0
    error_message = "certificate_arn: the ARN of a certificate of ACM's in us-east-1, where the domain's CloudFront looks for it."
  }
}

variable "public_client" {
  description = "Whether the app client has no secret. PKCE is used either way; with a secret nobody but the gateway can redeem a code."
  type        = bool
  default     = false
}

variable "user_pool_tier" {
  description = "The pool's plan: LITE, ESSENTIALS or PLUS. LITE has the classic page alone."
  type        = string
  default     = "ESSENTIALS"

  validation {
    condition     = contains(["LITE", "ESSENTIALS", "PLUS"], var.user_pool_tier)
    error_message = "user_pool_tier: LITE, ESSENTIALS or PLUS."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the pool, and everybody in it."
  type        = bool
  default     = true
}

variable "self_sign_up" {
  description = "Whether strangers may create accounts. By default an administrator creates each user."
  type        = bool
  default     = false
}

variable "mfa" {
  description = "Whether people need a second factor, by an authenticator application: OFF, OPTIONAL or ON."
  type        = string
  default     = "OPTIONAL"

  validation {
    condition     = contains(["OFF", "OPTIONAL", "ON"], var.mfa)
    error_message = "mfa: OFF, OPTIONAL or ON."
  }
}

variable "identity_providers" {
  description = "Who may vouch for people: COGNITO is the pool's own users; the others are names of providers that the pool has."
  type        = list(string)
  default     = ["COGNITO"]

  validation {
    condition     = length(var.identity_providers) > 0 && alltrue([for name in var.identity_providers : length(regexall("^[^\\s]{1,32}$", name)) > 0])
    error_message = "identity_providers: one at least, each 1 to 32 characters without spaces."
  }
}

variable "groups" {
  description = "The pool's groups: name to description. Rules and applications see them as cognito:groups."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, description in var.groups : length(regexall("^[^\\s]{1,128}$", name)) > 0 && length(description) <= 2048])
    error_message = "groups: names of 1 to 128 characters without spaces, descriptions of 2048 at most."
  }
}

variable "resource_servers" {
  description = "APIs with scopes of their own: identifier to { scope = description }. A scope is asked for as IDENTIFIER/SCOPE."
  type        = map(map(string))
  default     = {}

  validation {
    condition     = alltrue([for identifier, scopes in var.resource_servers : length(regexall("^[!#-\\[\\]-~]{1,256}$", identifier)) > 0 && length(scopes) >= 1 && length(scopes) <= 100])
    error_message = "resource_servers: identifiers of 1 to 256 printable characters without spaces, quotes and backslashes, with 1 to 100 scopes each."
  }

  validation {
    condition     = alltrue(flatten([for identifier, scopes in var.resource_servers : [for scope, description in scopes : length(regexall("^[!#-.0-\\[\\]-~]{1,256}$", scope)) > 0 && length(description) >= 1 && length(description) <= 256]]))
    error_message = "resource_servers: scopes of 1 to 256 printable characters without spaces, quotes, slashes and backslashes, with descriptions of 1 to 256."
  }
}

variable "scopes" {
  description = "What the app client may ask for."
  type        = list(string)
  default     = ["openid", "email", "profile"]

  validation {
    condition     = contains(var.scopes, "openid") && contains(var.scopes, "email") && length(var.scopes) <= 50
    error_message = "scopes: openid and email must be among them, and 50 is the most."
  }
}

variable "id_token_minutes" {
  description = "How long an ID token holds: the session is refreshed by then, and a change of groups shows."
  type        = number
  default     = 60

  validation {
    condition     = var.id_token_minutes >= 5 && var.id_token_minutes <= 1440
    error_message = "id_token_minutes: 5 to 1440, which is a day."
  }
}

variable "access_token_minutes" {
  description = "How long an access token holds."
  type        = number
  default     = 60

  validation {
    condition     = var.access_token_minutes >= 5 && var.access_token_minutes <= 1440
    error_message = "access_token_minutes: 5 to 1440, which is a day."
  }
}

variable "refresh_token_hours" {
  description = "How long a sign-in can be refreshed: longer than session.lifetime of the filter brings nothing."
  type        = number
  default     = 24

  validation {
    condition     = var.refresh_token_hours >= 1 && var.refresh_token_hours <= 87600
    error_message = "refresh_token_hours: 1 to 87600, which is ten years."
  }
}

variable "rotation_grace_seconds" {
  description = "How long a refresh token that was used is still good: workers and replicas refresh at the same time."
  type        = number
  default     = 30

  validation {
    condition     = var.rotation_grace_seconds >= 0 && var.rotation_grace_seconds <= 60
    error_message = "rotation_grace_seconds: 0 to 60."
  }
}

variable "callback_path" {
  description = "The filter's paths.callback."
  type        = string
  default     = "/oauth2/callback"

  validation {
    condition     = length(regexall("^(/[A-Za-z0-9._~-]+)+$", var.callback_path)) > 0
    error_message = "callback_path: a path such as /oauth2/callback."
  }
}

variable "tags" {
  description = "Tags of the user pool."
  type        = map(string)
  default     = {}
}

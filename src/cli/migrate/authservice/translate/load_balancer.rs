//! The parameters of a load balancer that signs people in at Cognito, as AWS's distribution of Kubeflow has them.
//!
//! Decides which of authservice's settings they amount to.

use url::Url;

use super::{
    super::{dialect::Dialect, pool::Pool},
    Given,
};

/// Puts the settings in that the parameters amount to.
pub(super) fn unfold(given: &mut Given<'_>) {
    if given.dialect != Dialect::LoadBalancer {
        return;
    }
    pool(given);
    if let Some(setting) = given.take("CognitoAppClientId").filter(|setting| !setting.value.is_empty()) {
        given.put("CLIENT_ID", &setting.value, &setting);
    }
    if let Some(setting) = given.take("LOGOUT_URL")
        && let Some(page) = SignOutPage::parse(&setting.value)
    {
        given.put("CLIENT_ID", &page.client_id, &setting);
    }
    if given.take("certArn").is_some() {
        given.ledger.lost(
            "certArn",
            "the certificate stays with the load balancer; only its `authenticate-cognito` action goes",
        );
    }
    given.ledger.changed(
        "kubeflow-userid",
        "from the ID token, which is verified here. The filter that read `x-amzn-oidc-data` verified nothing, and \
         believed a `kubeflow-userid` that a client sent \
         (F-1)",
    );
}

/// `CognitoUserPoolArn`: `arn:aws:cognito-idp:REGION:ACCOUNT:userpool/POOL`.
fn pool(given: &mut Given<'_>) {
    let Some(setting) = given.take("CognitoUserPoolArn").filter(|setting| !setting.value.is_empty()) else { return };
    match Pool::of_arn(&setting.value) {
        Some(pool) => given.put("OIDC_PROVIDER", &pool.issuer, &setting),
        None => given.refuse(&setting, "is no ARN of a user pool", ARN),
    }
}

/// Cognito's sign-out page, as people wrote it by hand: its host, our client, and where it sends the browser afterwards.
pub(super) struct SignOutPage {
    /// Our client there.
    client_id: String,
    /// The pool's domain.
    pub(super) domain: String,
    /// Where the browser goes afterwards.
    pub(super) logout_uri: Option<String>,
}

impl SignOutPage {
    /// The page, if a URL is one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|url| url.path() == "/logout")?;
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        Some(Self {
            client_id: value("client_id")?,
            domain: url.host_str()?.to_owned(),
            logout_uri: value("logout_uri"),
        })
    }
}

const ARN: &str = "write `arn:aws:cognito-idp:REGION:ACCOUNT:userpool/POOL_ID`, or leave it out and give `--issuer`";

//! Authorize and login (E-7 to E-15).

use std::time::Duration;

use devkit::cognito::{CallbackError, ErrorOrder, LoginVersion, ScopeError};
use url::Url;

use crate::support::{CALLBACK, PUBLIC_CLIENT, claims, location, member, query, text, world, world_of, world_with};

#[tokio::test]
async fn authorize_leads_over_the_login_form_to_the_callback() {
    let world = world().await;
    let query = query(&[]);
    assert_eq!(world.authorize(&[]).await, world.url(&format!("/login?{query}")));
    let callback = location(&world.submit(&[], "kim", "password").await);
    let (code, state) = callback.strip_prefix(&format!("{CALLBACK}?code=")).unwrap().split_once('&').unwrap();
    assert!(code.len() == 36 && code.split('-').map(str::len).eq([8, 4, 4, 4, 12]), "{code}");
    assert_eq!(state, "state=st4te");
}

#[tokio::test]
async fn a_wrong_password_shows_the_form_again() {
    let world = world().await;
    let answer = world.submit(&[], "<kim>", "wrong").await;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    assert!(page.contains("Incorrect username or password.") && page.contains("value=\"&lt;kim&gt;\""));
    assert_eq!(world.control.counters().interactive_sign_ins, 0);
}

#[tokio::test]
async fn a_form_post_needs_the_xsrf_cookie_and_field() {
    let world = world().await;
    let url = world.authorize(&[]).await;
    world.get(&url).await;
    let form = [("_csrf", "00000000-0000-0000-0000-000000000000"), ("username", "kim"), ("password", "password")];
    let answer = world.browser.post(&url).form(&form).send().await.unwrap();
    assert!(location(&answer).starts_with(&world.url("/error?error=invalid_csrf_token")));
    assert_eq!(world.control.counters().interactive_sign_ins, 0);
}

#[tokio::test]
async fn the_forms_of_two_tabs_both_work() {
    let world = world().await;
    let first = world.get(&world.authorize(&[("state", "first")]).await).await.text().await.unwrap();
    let second = world.sign_in("kim", &[("state", "second")]).await;
    assert_eq!(member(&second, "state").unwrap(), "second");
    let csrf = first.split_once("name=\"_csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
    let form = [("_csrf", csrf), ("username", "kim"), ("password", "password")];
    let url = world.url(&format!("/login?{}", query(&[("state", "first")])));
    assert!(location(&world.browser.post(url).form(&form).send().await.unwrap()).ends_with("&state=first"));
}

#[tokio::test]
async fn a_login_form_works_for_five_minutes() {
    for (seconds, works) in [(295, true), (301, false)] {
        let world = world().await;
        let url = world.authorize(&[]).await;
        let page = world.get(&url).await.text().await.unwrap();
        world.control.advance(Duration::from_secs(seconds / 2));
        assert_eq!(world.get(&url).await.status(), 200, "shown again, which does not extend it");
        world.control.advance(Duration::from_secs(seconds.div_ceil(2)));
        let csrf = page.split_once("name=\"_csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
        let form = [("_csrf", csrf), ("username", "kim"), ("password", "password")];
        let target = location(&world.browser.post(&url).form(&form).send().await.unwrap());
        assert_eq!(target.starts_with(CALLBACK), works, "{target}");
        assert_eq!(target.contains("/error?error=login_expired"), !works, "{target}");
    }
}

#[tokio::test]
async fn an_unregistered_redirect_uri_ends_on_the_error_page() {
    let world = world().await;
    for uri in [&format!("{CALLBACK}/"), "https://APP.example.com/oauth2/callback", "https://evil.example/"] {
        let target = world.authorize(&[("redirect_uri", uri)]).await;
        assert!(target.starts_with(&world.url("/error?error=redirect_mismatch&client_id=")), "{target}");
        assert_eq!(world.get(&target).await.status(), 400);
    }
}

#[tokio::test]
async fn requests_without_a_known_client_or_with_repeated_members_end_on_the_error_page() {
    let world = world().await;
    for changes in
        [&[("client_id", "nobody")][..], &[("client_id", "")], &[("redirect_uri", "")], &[("x", "1"), ("x", "2")]]
    {
        let target = world.authorize(changes).await;
        assert!(target.starts_with(&world.url("/error?error=invalid_request")), "{changes:?} {target}");
    }
}

#[tokio::test]
async fn wrong_requests_are_reported_at_the_callback() {
    let world = world().await;
    for (changes, error) in [
        (&[("response_type", "")][..], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("response_type", "token")], "unauthorized_client"),
        (&[("prompt", "none")], "login_required"),
    ] {
        let target = world.authorize(changes).await;
        assert_eq!(target, format!("{CALLBACK}?state=st4te&error={error}"), "{changes:?}");
    }
}

#[tokio::test]
async fn a_wrong_scope_is_reported_in_the_chosen_form() {
    let world = world().await;
    let error_page = world.url("/error?error=invalid_scope");
    let login = world.url("/login?");
    for (form, expected) in [
        (ScopeError::Callback, format!("{CALLBACK}?error_description=invalid_scope&state=st4te&error=invalid_request")),
        (ScopeError::Documented, format!("{CALLBACK}?state=st4te&error=invalid_scope")),
        (ScopeError::Page, error_page.clone()),
        (ScopeError::Ignored, login.clone()),
        (ScopeError::Failed, login.clone()),
    ] {
        world.control.set_behaviour(|behaviour| behaviour.scope_error = form);
        for scope in ["openid offline_access", "openid unknown", "email"] {
            let target = world.authorize(&[("scope", scope)]).await;
            assert!(target.starts_with(&expected), "{form:?} {scope} {target}");
        }
    }
    let end = world.sign_in("kim", &[("scope", "openid offline_access")]).await;
    assert!(end.as_str().starts_with(&error_page), "failed: {end}");
}

#[tokio::test]
async fn offline_access_is_unknown_even_to_a_client_that_lists_it() {
    let world = world_of(|options| options.clients[0].scopes.push("offline_access".to_owned())).await;
    assert!(world.authorize(&[("scope", "openid offline_access")]).await.contains("error=invalid_request"));
}

#[tokio::test]
async fn a_client_without_the_code_grant_is_unauthorized() {
    let world = world_of(|options| options.clients[0].code_grant = false).await;
    assert!(world.authorize(&[]).await.ends_with("error=unauthorized_client"));
    assert_eq!(world.redeem("x").await.1["error"], "unauthorized_client");
}

#[tokio::test]
async fn ignored_scopes_are_missing_in_the_access_token() {
    let world = world_with(|behaviour| behaviour.scope_error = ScopeError::Ignored).await;
    let tokens = world.tokens("kim", &[("scope", "openid offline_access email")]).await;
    assert_eq!(claims(&tokens, "access_token")["scope"], "openid email");
}

#[tokio::test]
async fn error_order_and_error_state_are_switches() {
    let world = world().await;
    world.control.set_behaviour(|behaviour| behaviour.error_order = ErrorOrder::ErrorFirst);
    let target = world.authorize(&[("scope", "x")]).await;
    assert_eq!(target, format!("{CALLBACK}?error=invalid_request&error_description=invalid_scope&state=st4te"));
    world.control.set_behaviour(|behaviour| behaviour.error_state = false);
    let target = world.authorize(&[("scope", "x")]).await;
    assert_eq!(target, format!("{CALLBACK}?error=invalid_request&error_description=invalid_scope"));
}

#[tokio::test]
async fn any_error_can_be_had_at_the_callback() {
    let world = world().await;
    world.control.set_behaviour(|behaviour| {
        let error_description = Some("<b>provider & co</b>".to_owned());
        behaviour.callback_error = Some(CallbackError { error: "server_error".to_owned(), error_description });
    });
    let target = world.authorize(&[]).await;
    let description = "error_description=%3Cb%3Eprovider+%26+co%3C%2Fb%3E";
    assert_eq!(target, format!("{CALLBACK}?{description}&state=st4te&error=server_error"));
}

#[tokio::test]
async fn state_comes_back_encoded_unless_it_is_mangled() {
    let world = world().await;
    for (mangle, expected) in [(false, "&state=a%2Fb%2Bc%3D%26d"), (true, "&state=a/b+c=%26d")] {
        world.control.set_behaviour(|behaviour| behaviour.mangle_state = mangle);
        let changes = [("state", "a/b+c=&d"), ("prompt", "login")];
        let target = location(&world.submit(&changes, "kim", "password").await);
        assert!(target.ends_with(expected), "{target}");
    }
}

#[tokio::test]
async fn json_state_can_be_answered_with_an_empty_400() {
    let world = world_with(|behaviour| behaviour.empty_on_json_state = true).await;
    let answer = world.get(&format!("/oauth2/authorize?{}", query(&[("state", r#"{"a":1}"#)]))).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.text().await.unwrap(), "");
    assert!(world.authorize(&[]).await.contains("/login?"));
}

#[tokio::test]
async fn the_nonce_is_copied_and_only_federated_users_get_one_unasked() {
    let world = world().await;
    let nonce = async |user: &str, asked: &str| {
        claims(&world.tokens(user, &[("nonce", asked)]).await, "id_token")["nonce"].clone()
    };
    assert_eq!(nonce("kim", "n0nce").await, "n0nce");
    assert_eq!(nonce("kim", "").await, serde_json::Value::Null);
    assert_eq!(nonce("pat", "n0nce").await, "n0nce");
    assert!(nonce("pat", "").await.is_string());
}

#[tokio::test]
async fn the_sso_cookie_signs_in_silently_at_every_client_for_one_hour() {
    let world = world().await;
    world.sign_in("kim", &[]).await;
    world.control.advance(Duration::from_secs(3590));
    assert!(world.authorize(&[("prompt", "none")]).await.starts_with(&format!("{CALLBACK}?code=")));
    assert!(world.authorize(&[("client_id", PUBLIC_CLIENT)]).await.starts_with(&format!("{CALLBACK}?code=")));
    world.control.advance(Duration::from_secs(10));
    assert!(world.authorize(&[]).await.contains("/login?"), "not extended by use");
    assert_eq!(world.control.counters().silent_sign_ins, 2);
}

#[tokio::test]
async fn prompt_login_shows_the_form_in_managed_login_only() {
    let world = world().await;
    world.sign_in("kim", &[]).await;
    assert!(world.authorize(&[("prompt", "login")]).await.contains("/login?"));
    world.control.set_behaviour(|behaviour| behaviour.login_version = LoginVersion::Classic);
    assert!(world.authorize(&[("prompt", "login")]).await.contains("?code="));
}

#[tokio::test]
async fn prompt_select_account_lets_another_person_take_the_sso_session_over() {
    let world = world().await;
    world.sign_in("kim", &[]).await;
    let tokens =
        world.redeem(&member(&world.sign_in("lee", &[("prompt", "select_account")]).await, "code").unwrap()).await.1;
    assert_eq!(claims(&tokens, "id_token")["cognito:username"], "lee");
    let silent = Url::parse(&world.authorize(&[("prompt", "none")]).await).unwrap();
    let tokens = world.redeem(&member(&silent, "code").unwrap()).await.1;
    assert_eq!(claims(&tokens, "id_token")["cognito:username"], "lee");
}

#[tokio::test]
async fn a_silent_sign_in_keeps_the_auth_time_and_is_a_sign_in_of_its_own() {
    let world = world().await;
    let first = claims(&world.tokens("kim", &[]).await, "id_token");
    world.control.advance(Duration::from_secs(100));
    let silent = Url::parse(&world.authorize(&[("prompt", "none")]).await).unwrap();
    let second = claims(&world.redeem(&member(&silent, "code").unwrap()).await.1, "id_token");
    assert_eq!(first["auth_time"], second["auth_time"]);
    assert_ne!(first["origin_jti"], second["origin_jti"]);
}

#[tokio::test]
async fn an_sso_lifetime_of_zero_never_signs_in_silently() {
    let world = world_with(|behaviour| behaviour.sso_seconds = 0).await;
    world.sign_in("kim", &[]).await;
    assert_eq!(world.authorize(&[("prompt", "none")]).await, format!("{CALLBACK}?state=st4te&error=login_required"));
}

#[tokio::test]
async fn prompt_none_is_ignored_by_the_classic_ui() {
    let world = world_with(|behaviour| behaviour.login_version = LoginVersion::Classic).await;
    assert!(world.authorize(&[("prompt", "none")]).await.contains("/login?"));
}

#[tokio::test]
async fn the_page_lists_the_users_unless_told_not_to() {
    let world = world().await;
    let url = world.authorize(&[]).await;
    let page = world.get(&url).await.text().await.unwrap();
    assert!(page.contains("<h1>Sign in to us-east-1_DemoPool1</h1>") && page.contains("<code>robin</code>"));
    world.control.set_behaviour(|behaviour| behaviour.show_users = false);
    assert!(!world.get(&url).await.text().await.unwrap().contains("robin"));
}

#[tokio::test]
async fn an_email_alias_signs_in_and_the_username_is_the_sub() {
    let world = world().await;
    let tokens = world.tokens("robin@example.com", &[]).await;
    let id_token = claims(&tokens, "id_token");
    assert_eq!(id_token["cognito:username"], id_token["sub"]);
    assert!(
        world.submit(&[("prompt", "login")], "kim@example.com", "password").await.status() == 200,
        "kim has no alias"
    );
    assert_eq!(text(&tokens, "token_type"), "Bearer");
}

#[tokio::test]
async fn nothing_from_the_query_gets_into_a_page_unescaped() {
    let world = world().await;
    let hint = "\"><script>alert(1)</script>";
    let login =
        world.get(&format!("/login?{}&\"><script>", query(&[("login_hint", hint)]))).await.text().await.unwrap();
    let error = world.get("/error?error=%3Cscript%3E&client_id=%3Cscript%3E").await.text().await.unwrap();
    assert!(login.contains("value=\"&quot;&gt;&lt;script&gt;alert(1)"), "{login}");
    assert!(!login.contains("<script") && !error.contains("<script"));
}

//! The sizes of sessions that Cognito makes, with measured numbers.

use super::*;

fn claims(groups: usize) -> Map<String, Value> {
    let names: Vec<String> = (0..groups).map(|number| format!("team-{number:015}")).collect();
    let claims = json!({
        "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_dEm0P00l1",
        "sub": "5f0c1d2e-3a4b-4c5d-8e6f-708192a3b4c5",
        "cognito:username": "kim", "cognito:groups": names, "email": "kim@example.com", "email_verified": true,
        "auth_time": 1_795_180_000, "origin_jti": "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0",
    });
    claims.as_object().unwrap().clone()
}

/// Five parts and 1,752 characters, as the one public sample.
fn refresh_token() -> String {
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#);
    let mut stream = Stream(9);
    let parts = [256, 12, 979, 16].map(|bytes| stream.text(bytes));
    format!("{header}.{}", parts.join("."))
}

/// Header and payload of 1,213 characters with a signature of RSA-2048.
fn id_token() -> String {
    let mut stream = Stream(10);
    let parts = [74, 577, 256].map(|bytes| stream.text(bytes));
    parts.join(".")
}

fn cookie_bytes(groups: usize, id_token: Option<String>) -> Vec<usize> {
    let session = session(Value::Object(claims(groups)), Some(refresh_token()));
    let session = Session { id_token: id_token.map(Secret::new), ..session };
    let lines = write(&Jar::default(), &session, 1).unwrap();
    assert_eq!(read(&jar_of(&session, 1).cookies()), SessionCookie::Open(Box::new(session)));
    lines.iter().map(String::len).collect()
}

#[test]
fn the_samples_have_the_sizes_of_the_reference() {
    assert_eq!((refresh_token().len(), id_token().len()), (1_752, 1_213));
}

#[test]
fn a_usual_user_has_one_cookie_under_4_kb() {
    assert_eq!(cookie_bytes(1, None), [2_407]);
    assert_eq!(cookie_bytes(10, None), [2_683]);
}

#[test]
fn fifty_groups_still_have_one() {
    assert_eq!(cookie_bytes(50, None), [3_909]);
}

#[test]
fn with_the_id_token_a_usual_user_has_one_and_fifty_groups_two() {
    assert_eq!(cookie_bytes(1, Some(id_token())), [3_623]);
    assert_eq!(cookie_bytes(50, Some(id_token())), [3_998, 1_202]);
}

#[test]
fn a_hundred_groups_of_the_longest_names_fit() {
    let mut claims = claims(1);
    claims.insert("cognito:groups".into(), json!(vec!["g".repeat(128); 100]));
    let session = session(Value::Object(claims), Some(refresh_token()));
    let lines = write(&Jar::default(), &session, 1).unwrap();
    assert_eq!(lines.len(), 6);
}

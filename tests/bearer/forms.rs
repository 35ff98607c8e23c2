//! What a text can be before anybody is asked about it.

use edge_oidc::oidc::bearer::{BearerError, check_opaque, issuer_hint, looks_like_jwt};
use serde_json::json;

use crate::{
    signing::encode,
    world::{ISSUER, compact},
};

#[test]
fn three_segments_with_an_object_first_are_a_jwt() {
    let token = compact(None, &json!({"iss": ISSUER}));
    assert!(looks_like_jwt(&token));
    assert!(looks_like_jwt(&format!("{}.e30.AA", encode(" \n{\"alg\":\"ES256\"}"))));
    // Broken ones are, too: they are refused as JWTs, nobody is asked about them.
    assert!(
        looks_like_jwt(&format!("{}..", encode(r#"{"alg":"none"}"#)))
            && looks_like_jwt(&format!("{}.?.?", encode("{")))
    );
    let jwe = format!("{}.a.b.c.d", encode(r#"{"alg":"dir","enc":"A128GCM"}"#));
    for opaque in ["", ".", "..", "a.b.c", "ya29.a0AfH6SM", "2YotnFZFEjr1zCsicMWpAA", jwe.as_str()] {
        assert!(!looks_like_jwt(opaque), "{opaque}");
    }
    let (two, _) = token.rsplit_once('.').unwrap();
    assert!(!looks_like_jwt(two) && !looks_like_jwt(&format!("{token}.x")));
}

// T-116: what a token says before it is verified serves to choose its keys, and nothing else comes out of it.
#[test]
fn an_unverified_token_gives_its_issuer_and_nothing_else() {
    let hint = |claims| issuer_hint(&compact(None, &claims));
    assert_eq!(hint(json!({"iss": ISSUER, "sub": "admin"})).as_deref(), Some(ISSUER));
    for iss in [json!(null), json!(7), json!([ISSUER]), json!({"iss": ISSUER})] {
        assert_eq!(hint(json!({"iss": iss})), None, "{iss}");
    }
    assert_eq!(hint(json!({})), None);
}

// T-110
#[test]
fn an_issuer_is_looked_for_in_a_well_formed_token_alone() {
    let header = encode(r#"{"alg":"ES256"}"#);
    let body = |text: &str| format!("{header}.{}.AA", encode(text));
    let nested = format!(r#"{{"iss":"{ISSUER}","x":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    for token in [
        format!("{}.{}.AA", encode(r#"{"alg":"none"}"#), encode(json!({"iss": ISSUER}).to_string())),
        format!("{}.{}.AA", encode(r#"{"alg":"HS256"}"#), encode(json!({"iss": ISSUER}).to_string())),
        body(&format!(r#"{{"iss":"{ISSUER}","iss":"https://other.example"}}"#)),
        body(&nested),
        body(&format!(r#"{{"iss":"{ISSUER}","x":"{}"}}"#, "x".repeat(40_000))),
        body("[]"),
        format!("{header}.%.AA"),
        ".".repeat(40_000),
        String::new(),
    ] {
        assert_eq!(issuer_hint(&token), None, "{:.40}", token);
    }
}

// RFC 6750 §2.1
#[test]
fn an_opaque_token_is_a_b64token_of_four_kilobytes_at_most() {
    for token in ["a", "mF_9.B5f-4.1JqM", "AbC~+/0==", &"x".repeat(4096)] {
        assert_eq!(check_opaque(token), Ok(()), "{token:.40}");
    }
    for token in ["", "=", "a b", "a=b", "a\r\nx: y", "é", "a,b", "a\"", "{}", "a%20", "\0", &"x".repeat(4097)] {
        assert_eq!(check_opaque(token), Err(BearerError::Form), "{token:.40}");
    }
}

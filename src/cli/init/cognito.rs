//! What Cognito's identifiers look like.
//!
//! Decides by the shapes that AWS documents; whether a pool, a client or a domain exists is AWS's to say.

use clap::ValueEnum;

/// The form of a pool's issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum IssuerType {
    /// `cognito-idp.REGION.amazonaws.com`
    Original,
    /// `issuer-cognito-idp.REGION.amazonaws.com`, which a pool in several regions needs
    Updated,
}

/// A user pool.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pool<'a> {
    id: &'a str,
    region: &'a str,
}

impl<'a> Pool<'a> {
    /// `REGION_ID`: letters, digits, `-` and `_`, then letters and digits, 55 at most.
    pub(super) fn parse(id: &'a str) -> Result<Self, String> {
        let refused = || format!("--pool-id {id}: is no id of a user pool; it looks like us-east-1_AbCdEf012");
        let (region, name) = id.rsplit_once('_').ok_or_else(refused)?;
        let good = id.len() <= 55 && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if good && is_region(region) { Ok(Self { id, region }) } else { Err(refused()) }
    }

    pub(super) fn issuer(&self, form: IssuerType) -> String {
        let host = match form {
            IssuerType::Original => "cognito-idp",
            IssuerType::Updated => "issuer-cognito-idp",
        };
        format!("https://{host}.{}.{}/{}", self.region, self.suffix(), self.id)
    }

    /// The names of the partition.
    fn suffix(&self) -> &'static str {
        if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
    }

    /// Whether the names of domains are `PREFIX.auth.REGION.amazoncognito.com`: other partitions have others.
    fn is_commercial(&self) -> bool {
        !["cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-"].iter().any(|partition| self.region.starts_with(partition))
    }
}

/// Words, and a number at the end: `us-east-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else { return false };
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let number = !number.is_empty() && number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    number && words.contains('-') && words.split('-').all(word)
}

/// Where the pool's sign-in page is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Domain(String);

impl Domain {
    /// A prefix, or a whole name, which may be the operator's own.
    pub(super) fn parse(text: &str, pool: &Pool<'_>) -> Result<Self, String> {
        let refused = |why: &str| format!("--domain {text}: {why}");
        let host = text.strip_prefix("https://").unwrap_or(text).trim_end_matches('/');
        if !host.split('.').all(is_label) || host.len() > 253 {
            return Err(refused("is neither a prefix such as demo nor a name such as auth.example.com"));
        }
        if !host.contains('.') {
            return match pool.is_commercial() {
                true => Ok(Self(format!("{host}.auth.{}.amazoncognito.com", pool.region))),
                false => {
                    Err(refused("write the whole name of the domain: in this partition it is not made of the prefix"))
                }
            };
        }
        let foreign =
            host.contains("amazoncognito.com") && !host.contains(&format!(".{}.amazoncognito.com", pool.region));
        if host.contains("cognito-idp.") {
            return Err(refused("is the issuer's host; the domain is where people sign in"));
        }
        if foreign { Err(refused("is of another region than the pool")) } else { Ok(Self(host.to_owned())) }
    }

    pub(super) fn host(&self) -> &str {
        &self.0
    }
}

/// RFC 1123's labels, as Cognito's prefixes are.
fn is_label(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = text.bytes().next().is_some_and(letter) && text.bytes().next_back().is_some_and(letter);
    ends && text.len() <= 63 && text.bytes().all(|byte| letter(byte) || byte == b'-')
}

/// Letters, digits, `_` and `+`, 128 at most.
pub(super) fn client_id(text: &str) -> Result<&str, String> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'+';
    match (1..=128).contains(&text.len()) && text.bytes().all(letter) {
        true => Ok(text),
        false => Err(format!(
            "--client-id {text}: is no id of an app client: letters and digits, such as 304a12ktcc5djt9d7enj6dsjkg"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> Pool<'static> {
        Pool::parse("us-east-1_AbCdEf012").unwrap()
    }

    #[test]
    fn a_pool_says_its_region() {
        assert_eq!(
            pool().issuer(IssuerType::Original),
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012"
        );
        let updated = "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012";
        assert_eq!(pool().issuer(IssuerType::Updated), updated);
        let china = Pool::parse("cn-north-1_AbC").unwrap();
        assert_eq!(
            china.issuer(IssuerType::Original),
            "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbC"
        );
        let long = format!("us-east-1_{}", "a".repeat(46));
        for bad in [
            "",
            "AbCdEf012",
            "us-east-1",
            "us-east-1_",
            "us-east-1_a-b",
            "useast1_AbC",
            "us-1_AbC",
            "US-EAST-1_AbC",
            &long,
        ] {
            assert!(Pool::parse(bad).is_err_and(|error| error.starts_with("--pool-id")), "{bad}");
        }
    }

    #[test]
    fn a_domain_is_a_prefix_or_a_name() {
        let host = |text: &str| Domain::parse(text, &pool()).map(|domain| domain.0);
        assert_eq!(host("demo").as_deref(), Ok("demo.auth.us-east-1.amazoncognito.com"));
        for whole in ["auth.example.com", "https://auth.example.com/"] {
            assert_eq!(host(whole).as_deref(), Ok("auth.example.com"));
        }
        let own = "demo.auth.us-east-1.amazoncognito.com";
        assert_eq!(host(own).as_deref(), Ok(own));
        let other =
            ["-demo", "demo-", "de_mo", "Demo", "", "demo.", "auth.example.com/login", "auth.example.com:8443", "a b"];
        for bad in
            other.into_iter().chain(["demo.auth.eu-west-1.amazoncognito.com", "cognito-idp.us-east-1.amazonaws.com"])
        {
            assert!(host(bad).is_err_and(|error| error.starts_with("--domain")), "{bad}");
        }
        let gov = Pool::parse("us-gov-west-1_AbC").unwrap();
        assert!(Domain::parse("demo", &gov).is_err_and(|error| error.contains("whole name")));
        assert!(Domain::parse("demo.auth-fips.us-gov-west-1.amazoncognito.com", &gov).is_ok());
    }

    #[test]
    fn a_client_id_is_letters_and_digits() {
        assert!(client_id("304a12ktcc5djt9d7enj6dsjkg").is_ok());
        let long = "a".repeat(129);
        for bad in ["", "a b", "a-b", "a;b", &long] {
            assert!(client_id(bad).is_err(), "{bad}");
        }
    }
}

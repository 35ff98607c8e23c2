//! A user pool of Cognito's, as AWS's own settings name it.
//!
//! Decides which issuer an ARN stands for, and which host a domain.

/// A user pool.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pool {
    /// The issuer of its tokens.
    pub(super) issuer: String,
    partition: String,
    region: String,
}

impl Pool {
    /// The pool of an ARN, `arn:PARTITION:cognito-idp:REGION:ACCOUNT:userpool/POOL_ID`.
    pub(super) fn of_arn(arn: &str) -> Option<Self> {
        let parts: Vec<_> = arn.split(':').collect();
        let ["arn", partition, "cognito-idp", region, _, pool] = parts.as_slice() else { return None };
        let pool = pool.strip_prefix("userpool/").filter(|pool| !pool.is_empty() && !region.is_empty())?;
        let suffix = if *partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        let issuer = format!("https://cognito-idp.{region}.{suffix}/{pool}");
        Some(Self { issuer, partition: (*partition).to_owned(), region: (*region).to_owned() })
    }

    /// The host of a domain: itself, or where AWS puts its prefix. None where nobody has said where that is.
    pub(super) fn host(&self, domain: &str) -> Option<String> {
        let domain = domain.trim_start_matches("https://").trim_end_matches('/').to_ascii_lowercase();
        if domain.contains('.') {
            return Some(domain);
        }
        let Self { region, .. } = self;
        match self.partition.as_str() {
            "aws" => Some(format!("{domain}.auth.{region}.amazoncognito.com")),
            "aws-us-gov" => Some(format!("{domain}.auth-fips.{region}.amazoncognito.com")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(partition: &str, region: &str) -> Pool {
        Pool::of_arn(&format!("arn:{partition}:cognito-idp:{region}:123456789012:userpool/{region}_AbC")).unwrap()
    }

    #[test]
    fn an_arn_names_the_issuer_in_each_partition() {
        let usual = pool("aws", "eu-west-1");
        assert_eq!(usual.issuer, "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC");
        assert_eq!(
            pool("aws-us-gov", "us-gov-west-1").issuer,
            "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbC"
        );
        assert_eq!(
            pool("aws-cn", "cn-north-1").issuer,
            "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbC"
        );
        for wrong in [
            "",
            "us-east-1_x",
            "arn:aws:s3:::x",
            "arn:aws:cognito-idp:us-east-1:1:userpool/",
            "arn:aws:cognito-idp::1:userpool/x",
        ] {
            assert_eq!(Pool::of_arn(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_prefix_has_its_host_where_the_partition_has_it() {
        let usual = pool("aws", "eu-west-1");
        assert_eq!(usual.host("demo").as_deref(), Some("demo.auth.eu-west-1.amazoncognito.com"));
        assert_eq!(usual.host("userPoolDomain1").as_deref(), Some("userpooldomain1.auth.eu-west-1.amazoncognito.com"));
        assert_eq!(usual.host("https://login.example.com/").as_deref(), Some("login.example.com"));
        let government = pool("aws-us-gov", "us-gov-west-1");
        assert_eq!(government.host("demo").as_deref(), Some("demo.auth-fips.us-gov-west-1.amazoncognito.com"));
        assert_eq!(pool("aws-cn", "cn-north-1").host("demo"), None);
    }
}

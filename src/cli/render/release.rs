//! Releases of Istio, as far as manifests depend on them.
//!
//! Decides what is written differently for which release.

use std::fmt;

/// A minor release, such as 1.28.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Release(u16);

impl Release {
    /// `1.28`, or a patch of it such as `1.28.3`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("--istio {text}: write a release such as 1.28 or 1.28.3");
        let mut parts = text.split('.');
        let (major, minor, patch) = (parts.next(), parts.next(), parts.next());
        let number = |part: &str| part.parse::<u16>().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
        let minor = minor.and_then(number).filter(|_| major == Some("1")).ok_or_else(refused)?;
        if parts.next().is_some() || patch.is_some_and(|patch| number(patch).is_none()) {
            return Err(refused());
        }
        match Self(minor) {
            release if release < OLDEST => Err(format!(
                "--istio {text}: 1.16 is the oldest release that this is for; upgrade Istio first, to {} or newer",
                Self::TESTED
            )),
            release => Ok(release),
        }
    }

    /// The oldest release that is tested: its Envoy is 1.36.
    pub(super) const TESTED: Self = Self(28);

    /// The oldest release that what is written for this one is good for.
    pub(super) fn since(self) -> Self {
        if self.has_traffic_extension() { self } else { self.min(Self::TESTED) }
    }

    /// Which releases it is for, in words.
    pub(super) fn range(self) -> String {
        match self < Self::TESTED {
            true => format!("Istio {self} and newer (tested from {} on)", Self::TESTED),
            false => format!("Istio {} and newer", self.since()),
        }
    }

    /// Whether TrafficExtension has taken WasmPlugin's place.
    pub(super) const fn has_traffic_extension(self) -> bool {
        self.0 >= 30
    }

    /// Whether a VM that failed can be built anew.
    pub(super) const fn has_fail_reload(self) -> bool {
        self.0 >= 27
    }

    /// The version of the resources for traffic and security.
    pub(super) const fn version(self) -> &'static str {
        if self.0 >= 22 { "v1" } else { "v1beta1" }
    }

    /// Whether a DestinationRule of mode SIMPLE checks chain and name by itself: before, `VERIFY_CERTIFICATE_AT_CLIENT` and
    /// `ENABLE_AUTO_SNI` were off, and such a rule checked nothing at all.
    pub(super) const fn checks_certificates(self) -> bool {
        self.0 >= 20
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

/// That of Kubeflow 1.7.
const OLDEST: Release = Release(16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_belongs_to_its_release() {
        assert_eq!(Release::parse("1.28"), Ok(Release(28)));
        assert_eq!(Release::parse("1.28.3"), Ok(Release(28)));
        assert!(Release::parse("1.9").is_err_and(|error| error.contains("1.16 is the oldest")));
        for text in ["", "1", "28", "2.1", "1.x", "1.28.", "1.28.3.1", "1.+28", "1.28-alpha", "v1.28"] {
            assert!(Release::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_good_for_a_release_is_good_for_those_that_get_the_same() {
        for (minor, since) in [(17, 17), (27, 27), (28, 28), (29, 28), (30, 30), (31, 31)] {
            assert_eq!(Release(minor).since(), Release(since), "{minor}");
        }
    }

    #[test]
    fn each_release_gets_what_it_knows() {
        let known = |minor| {
            let release = Release(minor);
            (
                release.checks_certificates(),
                release.version(),
                release.has_fail_reload(),
                release.has_traffic_extension(),
            )
        };
        assert_eq!(known(19), (false, "v1beta1", false, false));
        assert_eq!(known(20), (true, "v1beta1", false, false));
        assert_eq!(known(22), (true, "v1", false, false));
        assert_eq!(known(26), (true, "v1", false, false));
        assert_eq!(known(27), (true, "v1", true, false));
        assert_eq!(known(29), (true, "v1", true, false));
        assert_eq!(known(30), (true, "v1", true, true));
    }
}

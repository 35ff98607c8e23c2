//! The programs that were called authservice, and which of them a set of settings was for.
//!
//! Decides by names alone, or by the image where a workload is among the files. Which names each of them read is decided in
//! `names`.

use std::fmt;

use clap::ValueEnum;

use super::{input::Inputs, names};

/// A generation of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Dialect {
    /// The last release, 2023
    #[value(name = "0c4ea9a")]
    Last,
    /// Kubeflow 1.7 to 1.9.0
    #[value(name = "e236439")]
    Middle,
    /// Kubeflow 1.0 to 1.6
    #[value(name = "28c59ef")]
    First,
    /// The Kustomize parameters of Kubeflow 1.0 to 1.2
    #[value(name = "kustomize")]
    Parameters,
    /// A load balancer of AWS that signs people in at Cognito, without authservice
    #[value(name = "alb-cognito")]
    LoadBalancer,
}

/// The dialect, and how it was told.
pub(super) struct Detected {
    /// The generation.
    pub(super) dialect: Dialect,
    /// Why it is taken for that.
    pub(super) why: String,
}

impl Dialect {
    /// What `--dialect` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Last => "0c4ea9a",
            Self::Middle => "e236439",
            Self::First => "28c59ef",
            Self::Parameters => "kustomize",
            Self::LoadBalancer => "alb-cognito",
        }
    }

    fn of_image(tag: &str) -> Option<Self> {
        [Self::Last, Self::Middle, Self::First].into_iter().find(|dialect| tag.starts_with(dialect.name()))
    }

    /// Whether it has `AUTHSERVICE_URL_PREFIX` and what came with it.
    pub(super) const fn has_prefix(self) -> bool {
        matches!(self, Self::Last | Self::Middle)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Last => "authservice 0c4ea9a, the last release",
            Self::Middle => "authservice e236439, of Kubeflow 1.7 to 1.9.0",
            Self::First => "authservice 28c59ef, of Kubeflow 1.0 to 1.6",
            Self::Parameters => "the Kustomize parameters of Kubeflow 1.0 to 1.2, for authservice 28c59ef",
            Self::LoadBalancer => "a load balancer of AWS that signs people in at Cognito",
        })
    }
}

/// Which dialect the settings are in; None if nothing tells.
pub(super) fn detect(inputs: &Inputs) -> Option<Detected> {
    by_image(inputs).or_else(|| by_names(inputs))
}

fn by_image(inputs: &Inputs) -> Option<Detected> {
    let image = inputs.image.as_ref()?;
    let dialect = Dialect::of_image(&image.tag)?;
    Some(Detected { dialect, why: format!("the image of {} is `{}`", image.place, image.tag) })
}

fn by_names(inputs: &Inputs) -> Option<Detected> {
    let has = |name: &&str| inputs.settings.contains_key(*name) || inputs.elsewhere.contains_key(*name);
    let marked = |dialect, names: &[&str], more: &str| {
        let name = names.iter().copied().find(|name| has(name))?;
        Some(Detected { dialect, why: format!("`{name}` is set{more}") })
    };
    let later = || {
        let last = marked(Dialect::Last, &names::LAST_ONLY, ", which only that one reads");
        last.or_else(|| marked(Dialect::Middle, &names::SINCE_MIDDLE, FEWER))
    };
    let first = || marked(Dialect::First, &names::FIRST_ONLY, ", which only that one reads");
    // Whoever moved to a later release may have left variables of the first one behind, but cannot do without the prefix.
    let own = if has(&"AUTHSERVICE_URL_PREFIX") { later() } else { first().or_else(later) };
    if own.is_some() {
        return own;
    }
    if ["OIDC_PROVIDER", "CLIENT_ID"].iter().any(has) {
        return marked(Dialect::First, &["REDIRECT_URL"], " and `AUTHSERVICE_URL_PREFIX` is not");
    }
    let parameters = marked(Dialect::Parameters, &names::PARAMETERS.map(|(name, _)| name), "");
    parameters.or_else(|| marked(Dialect::LoadBalancer, &names::LOAD_BALANCER, ""))
}

const FEWER: &str = ", and nothing that only 0c4ea9a reads; of the two that fit this is the one that lets fewer \
                     credentials in. `--dialect 0c4ea9a` if your image is that \
                     one";

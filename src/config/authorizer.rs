//! `externalAuthorization`: a service of ours that is asked about each request.
//!
//! Decides how it is named. When it is asked and what it is told is `flow`'s.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use url::Url;

use super::{
    address,
    read::{Node, Report},
};
use crate::http::cluster::cluster_name;

/// A service that is asked about each request of somebody who is known; its refusal and its silence both refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalAuthorization {
    /// Where it takes questions.
    pub url: Url,
    /// The Envoy cluster it is reached through.
    pub cluster: String,
    /// How long one answer may take.
    pub timeout: Duration,
}

pub(super) fn read(node: &Node<'_>, report: &mut Report) -> Option<ExternalAuthorization> {
    let object = node.object(&["url", "cluster", "timeout", "insecureHttp"], report)?;
    let insecure_http = address::insecure_http(&object, INSECURE_MEND, report);
    let mend = "write the address that takes the questions, such as `https://authz.example.com/check`";
    let url = object.required("url", mend, report);
    let url = url.and_then(|node| address::service(&node, insecure_http, report));
    let cluster = object.member("cluster").map(|node| node.text(report).map(str::to_owned));
    let timeout = object.member("timeout").and_then(|node| node.duration(TIMEOUT, "from `1s` to `30s`", report));
    let url = url?;
    let cluster = cluster.unwrap_or_else(|| Some(cluster_name(&BTreeMap::new(), &url)))?;
    Some(ExternalAuthorization { url, cluster, timeout: timeout.unwrap_or(Duration::from_secs(2)) })
}

const INSECURE_MEND: &str =
    "whoever is between Envoy and the authorizer can let anyone pass; use https, or TLS of the mesh";
const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(30);

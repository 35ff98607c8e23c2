//! The applications of PyPI that tests put behind the filter.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{found, once, python};

const JUPYTERLAB: &str = "4.6.6";
const KFP: &str = "2.17.0";
const MLFLOW: &str = "3.17.2";

/// All of them.
pub fn applications() -> Result<()> {
    [jupyterlab, kfp, mlflow].into_iter().try_for_each(|application| application().map(drop))
}

/// The Python that has JupyterLab, and a kernel for it.
pub fn jupyterlab() -> Result<PathBuf> {
    let wanted = [format!("jupyterlab=={JUPYTERLAB}"), "ipykernel".to_owned()];
    application("jupyterlab", JUPYTERLAB, &wanted, include_str!("constraints/jupyterlab.txt"))
}

/// The Python that has the SDK of Kubeflow Pipelines.
pub fn kfp() -> Result<PathBuf> {
    application("kfp", KFP, &[format!("kfp=={KFP}")], include_str!("constraints/kfp.txt"))
}

/// The Python that has MLflow: its server, with users, its page and its client.
pub fn mlflow() -> Result<PathBuf> {
    application("mlflow", MLFLOW, &[format!("mlflow[auth]=={MLFLOW}")], include_str!("constraints/mlflow.txt"))
}

fn application(name: &str, version: &str, wanted: &[String], constraints: &str) -> Result<PathBuf> {
    let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
    let dir = once(&format!("{name}-{version}"), |dir| python::environment(dir, &wanted, constraints))
        .with_context(|| format!("by hand: pip install {}, into a virtual environment", wanted.join(" ")))?;
    found(dir.join("bin/python3"))
}

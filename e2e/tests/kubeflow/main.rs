//! Kubeflow with this filter in authservice's place: published settings of real deployments, moved by the tool, in a real Envoy.
//!
//! | File | Fact |
//! |---|---|
//! | `moved` | every deployment tells its dashboard what it did before |
//! | `pool` | so do those at a Cognito pool, with authservice, and with AWS's load balancer instead of it |
//! | `sign_out` | three generations of the dashboard, and scripts |
//! | `programs` | the text of a session, and tokens, in a header |
//! | `behaviour` | what else a deployment may have set |
//! | `kubelogin` | kubectl's token and the browser's session make the same person |

mod behaviour;
mod kubelogin;
mod moved;
mod pool;
mod programs;
mod sign_out;
mod world;

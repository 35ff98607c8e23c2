//! Other products' users, moved by the tool: what it wrote, in a real Envoy, signs people in at the local Cognito.
//!
//! | File | Facts about |
//! |---|---|
//! | `world` | a deployment that is moved, and the gateway after it |
//! | `alb` | an Application Load Balancer of AWS's |
//! | `kong` | Kong's `openid-connect` plugin |
//! | `oauth2_proxy` | oauth2-proxy |
//! | `pomerium` | Pomerium |

mod alb;
mod kong;
mod oauth2_proxy;
mod pomerium;
mod world;

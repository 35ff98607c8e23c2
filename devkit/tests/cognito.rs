//! The facts that the local Cognito promises, seen from outside; one file per part of it. What the facts are is decided by
//! AWS; the numbers E-1 to E-31 are those of the project's checklist of Cognito's behaviour.

#[path = "cognito/faults.rs"]
mod faults;
#[path = "cognito/hosts.rs"]
mod hosts;
#[path = "cognito/jwts.rs"]
mod jwts;
#[path = "cognito/machines.rs"]
mod machines;
#[path = "cognito/people.rs"]
mod people;
#[path = "cognito/pools.rs"]
mod pools;
#[path = "cognito/refresh.rs"]
mod refresh;
#[path = "cognito/rotation.rs"]
mod rotation;
#[path = "cognito/sign_in.rs"]
mod sign_in;
#[path = "cognito/sign_out.rs"]
mod sign_out;
#[path = "cognito/step_up.rs"]
mod step_up;
#[path = "cognito/support.rs"]
mod support;
#[path = "cognito/throttling.rs"]
mod throttling;
#[path = "cognito/token_endpoint.rs"]
mod token_endpoint;

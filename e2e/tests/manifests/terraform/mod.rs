//! The Terraform module `examples/terraform/cognito`, without Terraform: its files are read as HCL and evaluated.
//!
//! | File | Fact |
//! |---|---|
//! | `arguments` | every argument and block is one of the provider's, and of its type |
//! | `module` | none: how the files are read and evaluated |
//! | `schema` | none: what the provider has |
//! | `values` | the values fit: bounds, references, and the command of the tool that is put out |

mod arguments;
mod module;
mod schema;
mod values;

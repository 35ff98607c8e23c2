//! Kubeflow with this filter in authservice's place.
//!
//! | File | Fact |
//! |---|---|
//! | `kubelogin` | kubectl's token and the browser's session make the same person |

mod kubelogin;

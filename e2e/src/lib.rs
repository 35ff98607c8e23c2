//! (being written) The world that end-to-end tests live in.

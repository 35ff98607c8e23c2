//! Pomerium's users after the move.

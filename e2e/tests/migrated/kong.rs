//! Kong's users after the move.

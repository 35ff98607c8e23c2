//! oauth2-proxy's users after the move.

//! AWS's Application Load Balancer's users after the move.

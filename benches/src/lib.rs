//! Bare against layered, and peers beside us.

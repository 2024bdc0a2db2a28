//! What the fuzz targets hold `aircall-tower` against: second opinions that share nothing with it but the grammar of
//! `serde_json`.

// Reading JSON once more.
pub mod json;
pub mod envelope;
pub mod token;

// What a request is made of, and what must come of it.
pub mod script;
pub mod frames;
pub mod inner;
pub mod forecast;

// What can be asked of a payload.
pub mod ask;

// Around every run.
pub mod bound;
pub mod seeds;

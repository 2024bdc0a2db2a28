//! JSON Schema of the payloads.

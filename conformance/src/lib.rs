//! Judge any Aircall webhook receiver, in any language, over real HTTP.
